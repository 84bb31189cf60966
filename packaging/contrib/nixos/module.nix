# SPDX-License-Identifier: MIT
#
# security.virturi: pam_virturi in every service's sessions, and an option for
# every rule.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) mkEnableOption mkIf mkOption types;
  cfg = config.security.virturi;
  policy = import ./policy.nix;

  names = description: mkOption {
    type = types.listOf types.str;
    default = [ ];
    inherit description;
  };

  ruleOptions = {
    match = mkOption {
      type = types.strMatching "user .+|group .+|gid [0-9]+|others";
      example = "group vm-admins";
      description = "Whom the rule is for: a header of {manpage}`virturi.conf(5)`.";
    };
    uri = mkOption {
      type = types.nullOr types.str;
      example = "qemu+ssh://\${user}@lab01.example.org/system";
      description = "The URI they get; `null` sets none, and asks no further rule.";
    };
    services = names "Only in sessions of these PAM services.";
    from = mkOption {
      type = types.nullOr (types.enum [ "local" "remote" ]);
      default = null;
      description = "Only in sessions that come from there.";
    };
    uids = names ''Only for users with these numbers, such as `"1000-59999"`.'';
    requireGroups = names "Only for members of all of these groups.";
    excludeGroups = names "Not for members of any of these groups.";
    trial = mkEnableOption "logging what the rule would do, in place of doing it";
  };

  # What virturi lint calls a mistake does not become part of the system.
  dropIns =
    pkgs.runCommandLocal "virturi.conf.d"
      {
        texts = lib.mapAttrsToList (
          name: rule: pkgs.writeTextDir "${name}.conf" (policy rule)
        ) cfg.rules;
      }
      ''
        mkdir $out
        for text in $texts; do
          cp $text/* $out
        done
        ${lib.getExe cfg.package} lint $out
      '';
in
{
  options.security.virturi = {
    enable = mkEnableOption "LIBVIRT_DEFAULT_URI in every session, by groups";

    package = mkOption {
      type = types.package;
      default = pkgs.callPackage ./package.nix { };
      defaultText = lib.literalExpression "pkgs.callPackage ./package.nix { }";
      description = "The package to use.";
    };

    vendorRule = mkOption {
      type = types.bool;
      default = true;
      description = ''
        Whether members of libvirtd get `qemu:///system` at their next login.
      '';
    };

    rules = mkOption {
      type = types.attrsOf (types.submodule { options = ruleOptions; });
      default = { };
      example = lib.literalExpression ''
        {
          "50-robot" = { match = "user ci-runner"; uri = null; };
          "50-lab" = {
            match = "group students";
            uri = "qemu+ssh://''${user}@lab01.example.org/system";
            services = [ "sshd" "login" ];
          };
        }
      '';
      description = ''
        Rules, each of them the drop-in of that name. As with drop-ins, users
        come before groups before others, and the later name before the earlier.
      '';
    };

    override = mkEnableOption "replacing a value that an earlier module has set";
    debug = mkEnableOption "logging the reasons of every decision";
  };

  # In all services, the user manager's too: a module of the module system adds
  # to the type of what it declares again.
  options.security.pam.services = mkOption {
    type = types.attrsOf (
      types.submodule (
        { config, ... }:
        {
          config.rules.session.virturi = mkIf cfg.enable {
            control = "optional";
            modulePath = "${cfg.package}/lib/security/pam_virturi.so";
            # behind pam_env, whose value stays unless override is set
            order = config.rules.session.unix.order + 50;
            settings = { inherit (cfg) override debug; };
          };
        }
      )
    );
  };

  config = mkIf cfg.enable {
    environment.systemPackages = [ cfg.package ];

    environment.etc = {
      "security/virturi.conf.d" = mkIf (cfg.rules != { }) { source = dropIns; };
      # an empty file masks the package's
      "security/virturi.conf" = mkIf (!cfg.vendorRule) { text = ""; };
    };

    # the notice that new groups need a new login
    systemd.packages = [ cfg.package ];
    systemd.user.paths.virturi-relogin.wantedBy = [ "graphical-session.target" ];
    systemd.user.services.virturi-relogin.wantedBy = [ "graphical-session.target" ];
  };
}
