# SPDX-License-Identifier: MIT
# Copyright 2026 The pam_virturi authors

EAPI=8

inherit pam toolchain-funcs

DESCRIPTION="Members of the libvirt group get qemu:///system at their next login"
HOMEPAGE="https://libvirt.org/uri.html"
SRC_URI="${P}.tar.gz"

LICENSE="MIT"
SLOT="0"
KEYWORDS="~amd64 ~arm64"
IUSE="libvirt systemd test"
RESTRICT="fetch !test? ( test )"

DEPEND="
	dev-libs/jansson:=
	>=dev-libs/libeconf-0.5.0:=
	sys-libs/pam
	libvirt? ( app-emulation/libvirt:= )
	systemd? ( sys-apps/systemd:= )
"
RDEPEND="${DEPEND}"
BDEPEND="
	virtual/pkgconfig
	test? ( dev-util/cmocka )
"

pkg_nofetch() {
	einfo "Run 'make dist' in the source of ${PN} and copy ${P}.tar.gz"
	einfo "into your DISTDIR directory."
}

src_configure() {
	tc-export AR CC PKG_CONFIG

	mymake=(
		DEPS=no
		WITH_LIBVIRT="$(usex libvirt)"
		WITH_SYSTEMD="$(usex systemd)"
		prefix="${EPREFIX}/usr"
		sysconfdir="${EPREFIX}/etc"
		docdir="${EPREFIX}/usr/share/doc/${PF}"
		pammoddir="$(getpam_mod_dir)"
		module=pam_virturi.so
	)
}

src_compile() {
	emake "${mymake[@]}"
}

src_test() {
	emake "${mymake[@]}" check
}

src_install() {
	emake "${mymake[@]}" DESTDIR="${D}" install
	einstalldocs
}

pkg_postinst() {
	elog "Members of the libvirt group get qemu:///system at their next login,"
	elog "once PAM has the line for it:"
	elog
	elog "    echo '-session optional pam_virturi.so' >>/etc/pam.d/system-auth"
	elog
	elog "To hold it back, mask the policy first:"
	elog
	elog "    touch /etc/security/virturi.conf"
}
