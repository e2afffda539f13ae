# SPDX-License-Identifier: GPL-2.0-or-later
# The application damper, built into its place in the tree that "spoolctl init" copies.
#
# Included by the top Makefile, whose rules for objects and tests and whose BUILD, CC, CFLAGS and
# LDFLAGS it uses. Defines DAMPER, the program, and gives its unit tests what they need besides.
#
# The program is linked wholly statically, so that the machines that run it install nothing. Only a
# build with a sanitizer is not: its runtime must be shared.

DAMPER_DIR := acr-layout/apps/damper/src
DAMPER := $(BUILD)/acr/apps/damper/1/linux-$(shell uname -m)/damper
DAMPER_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(DAMPER_DIR)/*.c))
DAMPER_LIBS := -llapacke -llapack -lblas -lm

# What Fortran's runtime needs in turn: gcc has quadmath on some processors only.
DAMPER_QUADMATH := $(filter /%,$(shell $(CC) -print-file-name=libquadmath.a))
DAMPER_FORTRAN := -lgfortran $(if $(DAMPER_QUADMATH),-lquadmath)
ifeq ($(findstring -fsanitize,$(CFLAGS) $(LDFLAGS)),)
DAMPER_LINK := -static $(DAMPER_LIBS) $(DAMPER_FORTRAN) -lm
else
DAMPER_LINK := $(DAMPER_LIBS)
endif

$(DAMPER): $(DAMPER_OBJ)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(DAMPER_OBJ) $(DAMPER_LINK)

DAMPER_TESTS := $(BUILD)/tests/unit/test_damper $(BUILD)/tests/unit/test_damper_input
$(DAMPER_TESTS): $(filter-out %/damper.o,$(DAMPER_OBJ))
$(DAMPER_TESTS): LIBS += $(DAMPER_LIBS)
