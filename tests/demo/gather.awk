# SPDX-License-Identifier: GPL-2.0-or-later
#
# gather.awk - from many files result.txt of damper to one table: position, viscosity, trace.

# result FILE: print what was read of it, if anything
function finish(file)
{
	if (file != "" && position != "")
		print position "\t" viscosity "\t" trace
	position = viscosity = trace = ""
}

FNR == 1 {
	finish(last)
	last = FILENAME
}

$2 == "=" && $1 == "position" { position = $3 }
$2 == "=" && $1 == "viscosity" { viscosity = $3 }
$2 == "=" && $1 == "trace" { trace = $3 }

END { finish(last) }
