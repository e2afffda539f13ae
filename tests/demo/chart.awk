# SPDX-License-Identifier: GPL-2.0-or-later
#
# chart.awk - the table of gather.awk as a chart:
#
#	awk -v masses=60 -f chart.awk damper.tsv >damper.svg
#
# Energy over the position of the damper, the least marked. Positions whose energy is infinite are
# left out of the line and shown as crosses at the upper edge.

# A step of 1, 2 or 5 times a power of ten, so that about count of them make span
function nice(span, count,    raw, power)
{
	raw = span / count
	power = 10 ^ floor(log(raw) / log(10))
	if (raw <= power)
		return power
	if (raw <= 2 * power)
		return 2 * power
	return raw <= 5 * power ? 5 * power : 10 * power
}

function floor(x)
{
	return int(x) - (int(x) > x)
}

# 125000 as "125 000"
function grouped(number,    text, out)
{
	text = sprintf("%.10g", number)
	if (text !~ /^[0-9]+$/)
		return text
	while (length(text) > 3) {
		out = " " substr(text, length(text) - 2) out
		text = substr(text, 1, length(text) - 3)
	}
	return text out
}

function x_of(position)
{
	return left + 20 + (position - first) / (last > first ? last - first : 1) * (width - 40)
}

function y_of(trace)
{
	return top + (high - trace) / (high - low) * height
}

function text(x, y, attributes, words)
{
	printf "<text x=\"%.1f\" y=\"%.1f\" %s>%s</text>\n", x, y, attributes, words
}

function axes(    step, value)
{
	print "<g stroke=\"#ddd\">"
	for (value = low; value <= high * 1.000001; value += y_step)
		printf "<path d=\"M%.1f %.1fh%.1f\"/>\n", left, y_of(value), width
	print "</g>"
	for (value = low; value <= high * 1.000001; value += y_step)
		text(left - 10, y_of(value) + 5, "text-anchor=\"end\"", grouped(value))
	step = nice(last > first ? last - first : 1, 10)
	if (step < 1)
		step = 1
	for (value = first; value <= last; value++)
		if (value == first || (value % step == 0 && value - first >= step / 2)) {
			printf "<path stroke=\"#333\" d=\"M%.1f %.1fv6\"/>\n",
			       x_of(value), top + height
			text(x_of(value), top + height + 22, "text-anchor=\"middle\"", value)
		}
	printf "<path stroke=\"#333\" fill=\"none\" d=\"M%d %dv%dh%d\"/>\n",
	       left, top, height, width
}

function line(    i, path)
{
	for (i = 1; i <= count; i++)
		if (finite[i])
			path = path sprintf("%s%.1f %.1f", i > 1 && finite[i - 1] ? "L" : "M",
					    x_of(position[i]), y_of(trace[i]))
	printf "<path stroke=\"#0b62a4\" stroke-width=\"2\" fill=\"none\" d=\"%s\"/>\n", path
}

function points(    i)
{
	for (i = 1; i <= count; i++) {
		if (finite[i])
			printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"#0b62a4\">",
			       x_of(position[i]), y_of(trace[i])
		else
			printf "<path stroke=\"%s\" stroke-width=\"2\" d=\"M%.1f %.1f%s\">",
			       red, x_of(position[i]) - 4, top + 2, "l8 8m0 -8l-8 8"
		printf "<title>mass %s, viscosity %s: %s</title>%s\n", position[i], viscosity[i],
		       trace[i], finite[i] ? "</circle>" : "</path>"
	}
}

function mark_best(    x, y, side, style)
{
	x = x_of(position[best])
	y = y_of(trace[best])
	side = x > left + width / 2 ? -1 : 1
	style = sprintf("fill=\"%s\" text-anchor=\"%s\"", red, side < 0 ? "end" : "start")
	printf "<g fill=\"none\" stroke=\"%s\" stroke-width=\"2\">\n", red
	printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"9\"/>\n", x, y
	printf "<path d=\"M%.1f %.1fv-50\"/>\n</g>\n", x, y - 9
	text(x + side * 6, y - 84, style " font-weight=\"bold\"", "best: mass " position[best])
	text(x + side * 6, y - 66, style, sprintf("viscosity %.4g, energy %s", viscosity[best],
	     grouped(trace[best] < 1000 ? trace[best] : int(trace[best] + 0.5))))
}

# Round the range of the energies to whole steps, with room for the mark.
function scale()
{
	y_step = nice(most > least ? most - least : (least > 0 ? least : 1), 6)
	low = floor(least / y_step) * y_step
	high = floor(most / y_step + 0.999999) * y_step
	if (high <= low)
		high = low + y_step
}

{
	count++
	position[count] = $1
	viscosity[count] = $2
	trace[count] = $3
	finite[count] = $3 ~ /^[0-9]/
	if (count == 1 || $1 < first)
		first = $1
	if (count == 1 || $1 > last)
		last = $1
	if (finite[count] && (!best || $3 < trace[best]))
		best = count
	if (finite[count] && $3 > most)
		most = $3
}

END {
	left = 110; top = 90; width = 760; height = 380
	red = "#b03010"
	least = best ? trace[best] : 0
	scale()
	print "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"920\" height=\"560\""
	print " viewBox=\"0 0 920 560\" font-family=\"sans-serif\" font-size=\"14\" fill=\"#333\">"
	print "<rect width=\"920\" height=\"560\" fill=\"white\"/>"
	text(left, 38, "font-size=\"20\" font-weight=\"bold\"",
	     "Where does one damper calm a chain of " masses " masses best?")
	text(left, 62, "fill=\"#666\"",
	     "Total average energy, at each place with the best viscosity; the lower the better")
	axes()
	if (count > 0) {
		line()
		points()
	}
	if (best)
		mark_best()
	text(left + width / 2, top + height + 52, "text-anchor=\"middle\"",
	     "mass that holds the damper, counted from one wall (the other half is alike)")
	print "</svg>"
}
