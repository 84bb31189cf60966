# SPDX-License-Identifier: MIT
#
# pkgs.callPackage ./package.nix { }
{
  lib,
  stdenv,
  pkg-config,
  jansson,
  libeconf,
  libvirt,
  linux-pam,
  systemd,
  # whose members the shipped rule is for
  group ? "libvirtd",
}:

stdenv.mkDerivation {
  pname = "pam_virturi";
  version = "0.1.0";

  src = lib.cleanSource ../../..;

  nativeBuildInputs = [ pkg-config ];
  buildInputs = [
    jansson
    libeconf
    libvirt
    linux-pam
    systemd
  ];

  enableParallelBuilding = true;
  makeFlags = [
    "DEPS=no"
    "LIBVIRT_GROUP=${group}"
    "prefix=${placeholder "out"}"
    # policies are looked for in /etc, what is installed has its place
    "sysconfdir=/etc"
    "xdgautostartdir=${placeholder "out"}/etc/xdg/autostart"
  ];

  # the rest of the suite needs users and groups that the sandbox lacks
  doInstallCheck = true;
  installCheckPhase = ''
    $out/bin/virturi --version
    $out/bin/virturi lint $out/share/virturi/virturi.conf
  '';

  meta = {
    description = "Members of ${group} get qemu:///system at their next login";
    license = lib.licenses.mit;
    mainProgram = "virturi";
    platforms = lib.platforms.linux;
  };
}
