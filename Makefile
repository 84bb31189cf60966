# SPDX-License-Identifier: MIT
#
# `make help` lists the targets. Everything is built below $(O); directories,
# tools and switches can be set on the command line:
#
#	make install DESTDIR=/tmp/x prefix=/usr pammoddir=/usr/lib64/security
#
# An empty directory leaves its part out.

VERSION := 0.1.0

srcdir := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
O ?= build

# What to build with
AR ?= ar
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
WITH_SYSTEMD ?= yes
WITH_LIBVIRT ?= yes
DEPS ?= yes

# Where to install
prefix ?= /usr/local
bindir ?= $(prefix)/bin
libdir ?= $(prefix)/lib
libexecdir ?= $(prefix)/libexec
datadir ?= $(prefix)/share
mandir ?= $(datadir)/man
docdir ?= $(datadir)/doc/pam_virturi
sysconfdir ?= /etc
pammoddir ?= $(libdir)/security
bashcompletiondir ?= $(datadir)/bash-completion/completions
zshcompletiondir ?= $(datadir)/zsh/site-functions
fishcompletiondir ?= $(datadir)/fish/vendor_completions.d

uwsmenvdir ?= $(datadir)/uwsm/env.d
ifeq ($(WITH_SYSTEMD),yes)
systemduserunitdir ?= $(prefix)/lib/systemd/user
userenvgendir ?= $(systemduserunitdir:%/user=%/user-environment-generators)
xdgautostartdir ?= $(sysconfdir)/xdg/autostart
endif

# Where policies are looked for, from the lowest layer to the highest
vendorconfdir ?= $(datadir)/virturi
runconfdir ?= /run/virturi
confdir ?= $(sysconfdir)/security

# The group the vendor's policy speaks of
LIBVIRT_GROUP ?= libvirt

# --- Flags -----------------------------------------------------------------

# pkg-config's answer, or what does without it; asked once, when first needed
flags_of = $(or $(shell $(PKG_CONFIG) $(1) $(2) 2>/dev/null),$(3))
libs_of = $(call flags_of,--libs,$(1),$(2))

ECONF_LIBS = $(eval ECONF_LIBS := $$(call libs_of,libeconf,-leconf))$(ECONF_LIBS)
PAM_LIBS = $(eval PAM_LIBS := $$(call libs_of,pam,-lpam))$(PAM_LIBS)
JSON_LIBS = $(eval JSON_LIBS := $$(call libs_of,jansson,-ljansson))$(JSON_LIBS)
CMOCKA_LIBS = $(eval CMOCKA_LIBS := $$(call libs_of,cmocka,-lcmocka))$(CMOCKA_LIBS)

ifeq ($(WITH_SYSTEMD),yes)
SYSTEMD_LIBS = $(eval SYSTEMD_LIBS := $$(call libs_of,libsystemd,-lsystemd))$(SYSTEMD_LIBS)
SYSTEMD_CPPFLAGS := -DWITH_SYSTEMD
generator := $(O)/70-virturi
endif
ifeq ($(WITH_LIBVIRT),yes)
LIBVIRT_LIBS = $(eval LIBVIRT_LIBS := $$(call libs_of,libvirt,-lvirt))$(LIBVIRT_LIBS)
probe := $(O)/virturi-probe
endif

# What not every compiler has, nor each for every machine. CFLAGS come behind
# them, and may say otherwise.
if_taken = $(shell $(CC) -Werror $(1) $(CFLAGS) -x c -c -o /dev/null /dev/null \
	2>/dev/null && echo '$(1)')
HARDENING = $(eval HARDENING := $$(strip $$(foreach f,-fstack-clash-protection \
	-fcf-protection=full -mbranch-protection=standard,\
	$$(call if_taken,$$(f)))))$(HARDENING)

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wformat=2 -Wundef \
	-Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wwrite-strings -Wvla -Walloca -Wredundant-decls -Wdate-time \
	-Wold-style-definition -Wimplicit-fallthrough

ALL_CPPFLAGS = -D_GNU_SOURCE -DVERSION='"$(VERSION)"' \
	-DVENDORCONFDIR='"$(vendorconfdir)"' -DRUNCONFDIR='"$(runconfdir)"' \
	-DCONFDIR='"$(confdir)"' -DLIBEXECDIR='"$(libexecdir)"' \
	-DLIBVIRT_GROUP='"$(LIBVIRT_GROUP)"' $(SYSTEMD_CPPFLAGS) $(CPPFLAGS)
ALL_CFLAGS = -std=gnu11 -fPIC -fvisibility=hidden \
	-ffile-prefix-map=$(abspath $(srcdir))=. $(WARNINGS) $(HARDENING) $(CFLAGS)
ALL_LDFLAGS = -Wl,-z,relro,-z,now,-z,noexecstack $(LDFLAGS)
# a sanitizer's runtime lives in the program that loads the module
MODULE_LDFLAGS ?= -Wl,-z,defs

# --- Files -----------------------------------------------------------------

sources_in = $(patsubst $(srcdir)/$(1)/%.c,%,$(wildcard $(srcdir)/$(1)/*.c))
policy_src := $(call sources_in,policy)
# what the command consists of, but for main(); not the other two programs
helper_src := $(filter-out main probe generator,$(call sources_in,helper))
# with a /dev of their own
root_tests := check_kvm
unit_tests := $(filter-out $(root_tests),\
	$(patsubst $(srcdir)/tests/unit/test_%.c,%,\
	$(wildcard $(srcdir)/tests/unit/test_*.c)))
pam_tests := $(patsubst $(srcdir)/tests/pam/test_%.c,%,\
	$(wildcard $(srcdir)/tests/pam/test_*.c))
stress_programs := $(patsubst $(srcdir)/%.c,$(O)/%,\
	$(wildcard $(srcdir)/tests/stress/test_*.c))
c_files := $(wildcard $(srcdir)/policy/*.[ch] $(srcdir)/pam_virturi/*.[ch] \
	$(srcdir)/helper/*.[ch] $(srcdir)/tests/*/*.[ch])
sh_files := $(addprefix $(srcdir)/,.ci/run packaging/deps packaging/build-deb \
	packaging/build-arch packaging/build-rpm \
	packaging/debian/libpam-virturi.postinst \
	packaging/debian/libpam-virturi.prerm \
	packaging/debian/virturi.prerm \
	packaging/debian/virturi-common.postinst \
	packaging/debian/tests/session packaging/debian/tests/command \
	packaging/arch/pam_virturi.install \
	packaging/alpine/pam_virturi.post-install tests/cli/run tests/demo \
	tests/fresh tests/fuzz/coverage tests/fuzz/merge tests/fuzz/run \
	tests/packages/arch \
	tests/packages/authselect tests/packages/dist tests/packages/musl \
	tests/packages/rpm tests/packages/tree.sh tests/run \
	tests/stress/beside)

policy_obj := $(policy_src:%=$(O)/policy/%.o)
helper_obj := $(helper_src:%=$(O)/helper/%.o)
unit_programs := $(unit_tests:%=$(O)/tests/unit/test_%)
root_programs := $(root_tests:%=$(O)/tests/unit/test_%)
pam_programs := $(pam_tests:%=$(O)/tests/pam/test_%)
man_pages := pam_virturi.8 virturi.conf.5 virturi.1
conf_files := $(patsubst $(srcdir)/conf/%.in,%,$(wildcard $(srcdir)/conf/*.in))

.PHONY: all
all: $(O)/pam_virturi.so $(O)/virturi $(probe) $(generator) \
	$(conf_files:%=$(O)/conf/%) $(man_pages:%=$(O)/man/%)

# --- Building --------------------------------------------------------------

# One short line for each file; V=1 shows the commands
say = $(if $(V),,@echo '  $(1)	$(patsubst $(O)/%,%,$@)';)

# Everything is rebuilt when the flags are not those of the last time.
flags = $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(MODULE_LDFLAGS) \
	$(foreach n,$(names),$($(n))) $(mandir)

$(O)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(flags))' | cmp -s - $@ || \
		printf '%s\n' '$(subst ','\'',$(flags))' >$@

.PHONY: FORCE
FORCE:

$(O)/%.o: $(srcdir)/%.c $(O)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(wildcard $(O)/*/*.d $(O)/tests/*/*.d)

$(O)/libpolicy.a: $(policy_obj)
	$(call say,AR)rm -f $@ && $(AR) rcs $@ $(policy_obj)

$(O)/pam_virturi.so: $(O)/pam_virturi/pam_virturi.o $(O)/libpolicy.a
	$(call say,LD)$(CC) $(ALL_CFLAGS) -shared $(ALL_LDFLAGS) $(MODULE_LDFLAGS) \
		-o $@ $^ $(PAM_LIBS) $(ECONF_LIBS)

$(O)/libhelper.a: $(helper_obj)
	$(call say,AR)rm -f $@ && $(AR) rcs $@ $(helper_obj)

$(O)/virturi: $(O)/helper/main.o $(O)/libhelper.a $(O)/libpolicy.a
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ \
		$(ECONF_LIBS) $(JSON_LIBS) $(SYSTEMD_LIBS)

$(O)/virturi-probe: $(O)/helper/probe.o
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBVIRT_LIBS)

$(O)/70-virturi: $(O)/helper/generator.o $(O)/libpolicy.a
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(ECONF_LIBS)

# In a PAM stack: a bare name is enough where libpam's own modules are
module = $(if $(wildcard $(pammoddir)/pam_permit.so),,$(pammoddir)/)pam_virturi.so

# Text with the build's own names in it; they may be empty, or hold what sed
# would obey
literal = $(subst &,\&,$(subst |,\|,$(subst \,\\,$(1))))
names := VERSION LIBVIRT_GROUP bindir vendorconfdir runconfdir confdir docdir \
	pammoddir module systemduserunitdir userenvgendir xdgautostartdir \
	uwsmenvdir
substitute = sed $(foreach n,$(names),-e 's|@$(n)@|$(call literal,$(or $($(n)),(left out)))|g')

$(O)/conf/%: $(srcdir)/conf/%.in $(O)/flags
	@mkdir -p $(@D)
	$(call say,SED)$(substitute) $< >$@

$(O)/man/%: $(srcdir)/man/%.in $(O)/flags
	@mkdir -p $(@D)
	$(call say,SED)$(substitute) $< >$@

# --- What is missing on this machine ----------------------------------------

# $(call need,WHAT…): installs what is missing for these, unless DEPS=no
need = $(if $(filter no,$(DEPS)),:,CC='$(CC)' WITH_SYSTEMD='$(WITH_SYSTEMD)' \
	WITH_LIBVIRT='$(WITH_LIBVIRT)' $(srcdir)/packaging/deps $(1))

.PHONY: deps
deps:
	@CC='$(CC)' WITH_SYSTEMD='$(WITH_SYSTEMD)' \
		WITH_LIBVIRT='$(WITH_LIBVIRT)' \
		$(srcdir)/packaging/deps build check

# --- Trying it out -----------------------------------------------------------

.PHONY: demo
demo:
	@$(call need,build)
	@$(MAKE) --no-print-directory -s -f $(srcdir)/Makefile \
		all $(O)/tests/pam/session
	@$(srcdir)/tests/demo $(O)

# --- Tests -------------------------------------------------------------------

# every allocation of ours can be made to fail: see tests/unit/alloc.h
wrapped := malloc calloc realloc free strdup strndup asprintf vasprintf \
	__asprintf_chk __vasprintf_chk
WRAP := $(wrapped:%=-Wl,--wrap=%)

$(unit_programs) $(root_programs): $(O)/tests/unit/%: $(O)/tests/unit/%.o \
		$(O)/tests/unit/fake.o $(O)/tests/unit/alloc.o \
		$(O)/libhelper.a $(O)/libpolicy.a
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(WRAP) -o $@ $^ \
		$(CMOCKA_LIBS) $(ECONF_LIBS) $(JSON_LIBS) $(SYSTEMD_LIBS) \
		-lpthread -ldl

# libpam calls the program's own syslog(3), so the program exports it
$(pam_programs): $(O)/tests/pam/%: $(O)/tests/pam/%.o \
		$(O)/tests/pam/stack.o $(O)/tests/pam/log.o \
		$(O)/libhelper.a $(O)/libpolicy.a
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -rdynamic -o $@ $^ \
		$(CMOCKA_LIBS) $(PAM_LIBS) $(ECONF_LIBS) $(JSON_LIBS) \
		$(SYSTEMD_LIBS) -lpthread -ldl

# … and what needs root or takes long: see check-trust
$(stress_programs): $(O)/tests/stress/%: $(O)/tests/stress/%.o \
		$(O)/tests/stress/layers.o $(O)/tests/stress/races.o \
		$(O)/tests/pam/stack.o $(O)/tests/pam/log.o $(O)/libpolicy.a
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(WRAP_$(@F)) \
		-rdynamic -o $@ $^ $(CMOCKA_LIBS) $(PAM_LIBS) $(ECONF_LIBS) \
		-lpthread -ldl

# … and this one plays the kernel
WRAP_test_kernel := -Wl,--wrap=syscall -Wl,--wrap=read

$(O)/tests/pam/session: $(O)/tests/pam/session.o
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(PAM_LIBS)

$(O)/tests/pam/pam_before.so: $(O)/tests/pam/pam_before.o
	$(call say,LD)$(CC) $(ALL_CFLAGS) -shared $(ALL_LDFLAGS) -o $@ $^ $(PAM_LIBS)

$(O)/tests/nss/libnss_virturi.so.2: $(O)/tests/nss/nss_virturi.o
	$(call say,LD)$(CC) $(ALL_CFLAGS) -shared $(ALL_LDFLAGS) -Wl,-soname,$(@F) -o $@ $^

# the command, with the tests' users and groups
$(O)/tests/nss/virturi: $(O)/helper/main.o $(O)/tests/nss/configure.o \
		$(O)/libhelper.a $(O)/libpolicy.a
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ \
		$(ECONF_LIBS) $(JSON_LIBS) $(SYSTEMD_LIBS)

# the generator with these, and a policy of their own
$(O)/tests/nss/70-virturi: $(O)/helper/generator.o $(O)/tests/nss/configure.o \
		$(O)/tests/nss/where.o $(O)/libpolicy.a
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -Wl,--wrap=policy_load \
		-o $@ $^ $(ECONF_LIBS)

$(O)/tests/bus/ask: $(O)/tests/bus/ask.o $(O)/libhelper.a $(O)/libpolicy.a
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ \
		$(ECONF_LIBS) $(JSON_LIBS) $(SYSTEMD_LIBS)

$(O)/tests/bus/notifier: $(O)/tests/bus/notifier.o
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(SYSTEMD_LIBS)

# What make bench measures with: see tests/bench/README.md
$(O)/tests/bench/session: $(O)/tests/bench/session.o
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(PAM_LIBS)

$(O)/tests/bench/pam_floor.so: $(O)/tests/bench/pam_floor.o $(O)/tests/bench/floor.o
	$(call say,LD)$(CC) $(ALL_CFLAGS) -shared $(ALL_LDFLAGS) -o $@ $^ \
		$(PAM_LIBS) $(ECONF_LIBS)

$(O)/tests/bench/floor-generator: $(O)/tests/bench/floor_tool.o $(O)/tests/bench/floor.o
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(ECONF_LIBS)

$(O)/tests/bench/floor-command: $(O)/tests/bench/floor_tool.o $(O)/tests/bench/floor.o
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -Wl,--no-as-needed \
		-o $@ $^ $(ECONF_LIBS) $(JSON_LIBS) $(SYSTEMD_LIBS)

$(O)/tests/bench/count.so: $(O)/tests/bench/count.o
	$(call say,LD)$(CC) $(ALL_CFLAGS) -shared $(ALL_LDFLAGS) -o $@ $^ -ldl

$(O)/tests/bench/scanner: $(O)/tests/bench/scanner.o $(O)/libpolicy.a
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(ECONF_LIBS)

# clocks around these functions
STAGES := getpwnam_r getgrnam_r getgrgid_r getgrouplist layers_open policy_load \
	scan_file layers_have_changed layers_close values_read

$(O)/tests/bench/stages: $(O)/tests/bench/stages.o $(O)/libpolicy.a
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) \
		$(STAGES:%=-Wl,--wrap=%) -o $@ $^ $(ECONF_LIBS)

bench_programs := $(addprefix $(O)/tests/bench/,session pam_floor.so \
	floor-generator floor-command count.so scanner stages)

.PHONY: bench
bench:
	@$(call need,build bench)
	@$(MAKE) --no-print-directory -f $(srcdir)/Makefile all \
		$(bench_programs) $(O)/tests/nss/libnss_virturi.so.2
	@VENDORCONFDIR='$(vendorconfdir)' RUNCONFDIR='$(runconfdir)' \
		CONFDIR='$(confdir)' LIBVIRT_GROUP='$(LIBVIRT_GROUP)' \
		$(srcdir)/tests/bench/run --build $(O)

# Calls that fail on purpose: see tests/fault/fault.h
$(O)/tests/fault/module: $(O)/tests/fault/module.o $(O)/tests/fault/fault.o \
		$(O)/tests/pam/stack.o $(O)/tests/pam/log.o
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -rdynamic -o $@ $^ \
		$(CMOCKA_LIBS) $(PAM_LIBS) -ldl

$(O)/tests/fault/pam_window.so: $(O)/tests/fault/pam_window.o
	$(call say,LD)$(CC) $(ALL_CFLAGS) -shared $(ALL_LDFLAGS) -o $@ $^

$(O)/tests/fault/preload.so: $(O)/tests/fault/preload.o $(O)/tests/fault/fault.o
	$(call say,LD)$(CC) $(ALL_CFLAGS) -shared $(ALL_LDFLAGS) -o $@ $^ -ldl

$(O)/tests/trust/names: $(O)/tests/trust/names.o
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^

bus_programs := $(O)/tests/bus/ask $(O)/tests/bus/notifier

# tests that are scripts
scripts := $(srcdir)/tests/cli/run $(srcdir)/tests/cli/prints \
	$(srcdir)/tests/lint-corpus/run \
	$(if $(generator),$(srcdir)/tests/cli/generator)

# what is installed where; it builds, so not with a sanitizer
layouts = $(if $(findstring -fsanitize,$(CFLAGS)),,$(srcdir)/tests/packages/layouts)

test_things := $(unit_programs) $(pam_programs) $(O)/tests/pam/session \
	$(O)/tests/pam/pam_before.so $(O)/tests/nss/libnss_virturi.so.2 \
	$(O)/tests/nss/virturi $(if $(generator),$(O)/tests/nss/70-virturi)

.PHONY: check
check:
	@$(call need,build check)
	@$(MAKE) --no-print-directory -f $(srcdir)/Makefile check-programs
	@$(srcdir)/tests/run --build $(O) $(unit_programs) $(pam_programs) \
		$(scripts) $(layouts)

.PHONY: check-programs
check-programs: all $(test_things)

# The address, undefined behaviour and thread sanitizers
sanitizers := -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g

.PHONY: check-sanitize
check-sanitize:
	@$(call need,build check sanitize)
	@$(MAKE) --no-print-directory -f $(srcdir)/Makefile check DEPS=no \
		O=$(O)/asan MODULE_LDFLAGS= \
		CFLAGS='-fsanitize=address,undefined $(sanitizers)'
	@$(MAKE) --no-print-directory -f $(srcdir)/Makefile check-threads \
		O=$(O)/tsan MODULE_LDFLAGS= \
		CFLAGS='-fsanitize=thread $(sanitizers)'

.PHONY: check-threads
check-threads: $(O)/pam_virturi.so $(O)/tests/pam/test_threads \
		$(O)/tests/stress/test_load $(O)/tests/nss/libnss_virturi.so.2
	@$(srcdir)/tests/run --build $(O) $(O)/tests/pam/test_threads
	@VIRTURI_SESSIONS=$${VIRTURI_SESSIONS:-1000} \
		$(srcdir)/tests/run --build $(O) $(O)/tests/stress/test_load

.PHONY: check-valgrind
check-valgrind:
	@$(call need,build check valgrind)
	@$(MAKE) --no-print-directory -f $(srcdir)/Makefile check-programs \
		O=$(O)/valgrind CFLAGS='-O1 -g'
	@$(srcdir)/tests/run --build $(O)/valgrind --valgrind \
		$(unit_programs:$(O)/%=$(O)/valgrind/%) \
		$(pam_programs:$(O)/%=$(O)/valgrind/%) $(scripts)

.PHONY: check-sessions
check-sessions:
	@$(call need,build check)
	@$(MAKE) --no-print-directory -f $(srcdir)/Makefile check-programs
	@$(srcdir)/tests/sessions/run --deps --build $(O)
	@$(srcdir)/tests/sessions/run --build $(O)
	@$(srcdir)/tests/run --build $(O) $(srcdir)/tests/completion/run \
		$(srcdir)/tests/lint-corpus/libvirt-client

.PHONY: check-doctor
check-doctor:
	@$(call need,build check)
	@$(MAKE) --no-print-directory -f $(srcdir)/Makefile check-programs \
		$(bus_programs) $(root_programs)
	@$(srcdir)/tests/sessions/run --deps --build $(O)
	@$(srcdir)/tests/bus/run --deps
	@$(srcdir)/tests/doctor/run --deps --build $(O)
	@$(srcdir)/tests/run --build $(O) $(root_programs) \
		$(srcdir)/tests/bus/run $(srcdir)/tests/doctor/run

package_tests := dist deb rpm authselect arch musl

.PHONY: check-packages
check-packages:
	@mkdir -p $(O)
	@$(srcdir)/tests/run --build $(O) \
		$(package_tests:%=$(srcdir)/tests/packages/%)

trust_programs := $(O)/tests/trust/names \
	$(addprefix $(O)/tests/fault/,module pam_window.so preload.so)
trust_tests := $(addprefix $(srcdir)/tests/trust/,escaping hardening policy trace) \
	$(stress_programs) $(srcdir)/tests/stress/beside \
	$(srcdir)/tests/stress/logins \
	$(O)/tests/fault/module $(srcdir)/tests/fault/commands

.PHONY: check-trust
check-trust:
	@$(call need,build check)
	@$(MAKE) --no-print-directory -f $(srcdir)/Makefile check-programs \
		$(trust_programs) $(stress_programs)
	@$(srcdir)/tests/sessions/run --deps --build $(O)
	@$(srcdir)/tests/run --build $(O) $(trust_tests)

# A Debian 13 of its own, booted; below $(O)/cache it is kept for the next time
.PHONY: e2e
e2e:
	@$(srcdir)/tests/e2e/run --deps
	@$(srcdir)/tests/e2e/run --build $(O)

# clang's libFuzzer, which brings its own main()
fuzz_programs := $(patsubst $(srcdir)/tests/fuzz/%.c,$(O)/tests/fuzz/%,\
	$(wildcard $(srcdir)/tests/fuzz/fuzz_*.c))

# what they ask of the host is a table
fuzz_wrapped = facts_nss census_take people_add_members people_add_groups

$(fuzz_programs): $(O)/tests/fuzz/%: $(O)/tests/fuzz/%.o \
		$(O)/tests/fuzz/common.o $(O)/tests/fuzz/grammar.o \
		$(O)/tests/fuzz/rfc3986.o $(O)/tests/fuzz/spoken.o \
		$(O)/tests/unit/fake.o $(O)/libhelper.a $(O)/libpolicy.a
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -fsanitize=fuzzer \
		$(fuzz_wrapped:%=-Wl,--wrap=%) \
		-o $@ $(filter %.o,$^) $(filter %.a,$^) $(CMOCKA_LIBS) \
		$(PAM_LIBS) $(ECONF_LIBS) $(JSON_LIBS) $(SYSTEMD_LIBS) -ldl

$(O)/tests/fuzz/fuzz_module: $(O)/pam_virturi/pam_virturi.o $(O)/tests/pam/log.o
$(O)/tests/fuzz/fuzz_explain $(O)/tests/fuzz/fuzz_module: \
	fuzz_wrapped += policy_load

.PHONY: fuzz-programs
fuzz-programs: $(fuzz_programs)

.PHONY: fuzz
fuzz:
	@$(if $(filter no,$(DEPS)),:,CC=clang $(srcdir)/packaging/deps \
		build check sanitize)
	@$(MAKE) --no-print-directory -f $(srcdir)/Makefile fuzz-programs \
		CC=clang O=$(O)/fuzz MODULE_LDFLAGS= \
		CFLAGS='-fsanitize=fuzzer-no-link,address,undefined $(sanitizers)'
	@$(srcdir)/tests/fuzz/run $(O)/fuzz

# what the inputs reach that `make fuzz` left behind
fuzz_coverage := -O1 -g -fsanitize=fuzzer-no-link -fprofile-instr-generate \
	-fcoverage-mapping

.PHONY: fuzz-coverage
fuzz-coverage:
	@$(if $(filter no,$(DEPS)),:,CC=clang $(srcdir)/packaging/deps \
		build check fuzz-coverage)
	@$(MAKE) --no-print-directory -f $(srcdir)/Makefile fuzz-programs \
		CC=clang O=$(O)/fuzz-coverage MODULE_LDFLAGS= \
		CFLAGS='$(fuzz_coverage)'
	@$(srcdir)/tests/fuzz/coverage $(O)/fuzz-coverage $(O)/fuzz/corpus

# gcov's own symbols stand beside the module's six
.PHONY: coverage
coverage:
	@$(call need,build check coverage)
	@$(MAKE) --no-print-directory -f $(srcdir)/Makefile check-programs \
		O=$(O)/coverage CFLAGS='-O0 -g --coverage -fprofile-update=atomic'
	@$(srcdir)/tests/run --build $(O)/coverage \
		$(patsubst $(O)/%,$(O)/coverage/%,$(filter-out \
		%/test_symbols,$(unit_programs) $(pam_programs))) $(scripts)
	@gcovr --root $(srcdir) --filter 'policy/' --filter 'pam_virturi/' \
		--filter 'helper/' $(O)/coverage

.PHONY: lint
lint:
	@$(call need,build check lint)
	@$(MAKE) --no-print-directory -s -f $(srcdir)/Makefile all
	@CPPFLAGS="$(subst ",\",$(ALL_CPPFLAGS))" MAN="$(man_pages:%=$(O)/man/%)" \
		SCRIPTS="$(sh_files) $(O)/conf/uwsm-env" \
		$(srcdir)/tests/lint $(c_files)

# --- Installing --------------------------------------------------------------

# $(call install,MODE,DIRECTORY,FILES[,NAME]): nothing if there is no directory
install = $(if $(strip $(2)),install -d '$(DESTDIR)$(2)' && \
	install -m $(1) $(3) '$(DESTDIR)$(2)/$(4)')
remove = $(if $(strip $(1)),rm -f $(foreach f,$(2),'$(DESTDIR)$(1)/$(f)'))

completions := $(srcdir)/conf/completion
units := virturi-relogin.path virturi-relogin.service

# What may go when it is empty: our own directories, and all that a staging
# tree would not have without us
own_dirs := $(vendorconfdir) $(docdir)
staged_dirs := $(pammoddir) $(bindir) $(libexecdir) $(mandir:%=%/man1) $(mandir:%=%/man5) \
	$(mandir:%=%/man8) $(userenvgendir) $(systemduserunitdir) \
	$(xdgautostartdir) $(uwsmenvdir) $(bashcompletiondir) $(zshcompletiondir) \
	$(fishcompletiondir)

.PHONY: install
install: all
	$(call install,755,$(pammoddir),$(O)/pam_virturi.so)
	$(if $(generator),$(call install,755,$(userenvgendir),$(generator)))
	$(call install,755,$(bindir),$(O)/virturi)
	$(if $(probe),$(call install,755,$(libexecdir),$(probe)))
	$(call install,644,$(vendorconfdir),$(O)/conf/virturi.conf)
	$(call install,644,$(docdir),$(O)/conf/example.conf $(O)/conf/pam-line)
	$(call install,644,$(systemduserunitdir),$(units:%=$(O)/conf/%))
	$(call install,644,$(xdgautostartdir),$(O)/conf/virturi-relogin.desktop)
	$(call install,644,$(uwsmenvdir),$(O)/conf/uwsm-env,70-virturi)
	$(if $(mandir),$(call install,644,$(mandir)/man1,$(O)/man/virturi.1))
	$(if $(mandir),$(call install,644,$(mandir)/man5,$(O)/man/virturi.conf.5))
	$(if $(mandir),$(call install,644,$(mandir)/man8,$(O)/man/pam_virturi.8))
	$(call install,644,$(bashcompletiondir),$(completions)/virturi.bash,virturi)
	$(call install,644,$(zshcompletiondir),$(completions)/_virturi)
	$(call install,644,$(fishcompletiondir),$(completions)/virturi.fish)
	@printf '\n%s\n\n\t%s\n\n' \
		'Installed. Sessions get the URI once their PAM stack has the line' \
		'-session optional $(module)'
	@printf '%s\n' 'See pam_virturi(8) for the file it belongs in.'

.PHONY: uninstall
uninstall:
	$(call remove,$(pammoddir),pam_virturi.so)
	$(call remove,$(userenvgendir),70-virturi)
	$(call remove,$(bindir),virturi)
	$(call remove,$(libexecdir),virturi-probe)
	$(call remove,$(vendorconfdir),virturi.conf)
	$(call remove,$(docdir),example.conf pam-line)
	$(call remove,$(systemduserunitdir),$(units))
	$(call remove,$(xdgautostartdir),virturi-relogin.desktop)
	$(call remove,$(uwsmenvdir),70-virturi)
	$(if $(mandir),$(call remove,$(mandir),man1/virturi.1 \
		man5/virturi.conf.5 man8/pam_virturi.8))
	$(call remove,$(bashcompletiondir),virturi)
	$(call remove,$(zshcompletiondir),_virturi)
	$(call remove,$(fishcompletiondir),virturi.fish)
	@for d in $(own_dirs) $(if $(DESTDIR),$(staged_dirs)); do \
		cd '$(DESTDIR)/' && rmdir -p ".$$d" 2>/dev/null; \
	done; :

# --- Packages ----------------------------------------------------------------

tarball := $(O)/pam_virturi-$(VERSION).tar.gz

# Of the release's tag, if there is one here. The user's own tar.umask would
# change the bytes.
dist_of = $(or $(shell git -C $(srcdir) tag --list v$(VERSION)),HEAD)

.PHONY: dist
dist:
	@mkdir -p $(O)
	git -C $(srcdir) -c tar.umask=0022 archive --format=tar \
		--prefix=pam_virturi-$(VERSION)/ $(dist_of) | \
		gzip -9n >$(tarball)
	@echo $(tarball)

.PHONY: deb
deb: dist
	@DEPS='$(DEPS)' $(srcdir)/packaging/build-deb $(tarball) $(O)/deb

.PHONY: rpm
rpm: dist
	@$(srcdir)/packaging/build-rpm $(tarball) $(O)/rpm $(RPMFLAGS)

.PHONY: arch
arch: dist
	@$(srcdir)/packaging/build-arch $(tarball) $(O)/arch \
		$(if $(filter no,$(DEPS)),,--syncdeps)

.PHONY: clean
clean:
	rm -rf $(O)

.PHONY: help
help:
	@sed -n 's/^## //p' $(srcdir)/Makefile

## make                 build the module, the command and the man pages
## make deps            install what is missing to build and check
## make demo            open a real PAM session with the built module
## make check           every test that needs no root and no network
## make check-sessions  real sshd, su, sudo, login, cron and shells (root)
## make check-doctor    check and needs-relogin with real libvirt, polkit (root)
## make e2e             every kind of session on a booted Debian 13 (root)
## make fuzz            the engine and all parsers; FUZZ_SECONDS=60 each
## make fuzz-coverage   what that reached, file by file
## make check-sanitize  the tests under address, UB and thread sanitizers
## make check-valgrind  the tests under valgrind
## make bench           what a session costs, beside other ways to it (root)
## make coverage        the tests' line coverage
## make lint            format, static analysis, man pages, scripts
## make install         into DESTDIR; prints the PAM line to add
## make uninstall       removes what install installed
## make check-packages  packages built, installed, removed, in trees (root)
## make check-trust     hardening, races, load, whose policy counts (root)
## make dist            a source tarball, of the release's tag or else HEAD
## make deb             Debian packages of that
## make rpm             RPM packages (RPMFLAGS=… for rpmbuild)
## make arch            an Arch package (on Arch, as a user)
## make clean           removes the build directory
