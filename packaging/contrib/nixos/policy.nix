# SPDX-License-Identifier: MIT
#
# The text of a drop-in with one rule: virturi.conf(5). Of Nix's own functions
# only, so that it can be tested where there is no nixpkgs.
rule:
let
  list = key: values: if values == [ ] then "" else "${key} = ${join ", " values}\n";
  join = builtins.concatStringsSep;
in
"[${rule.match}]\n"
+ "uri = ${if rule.uri == null then "none" else rule.uri}\n"
+ list "services" rule.services
+ (if rule.from == null then "" else "from = ${rule.from}\n")
+ list "uids" rule.uids
+ list "require_groups" rule.requireGroups
+ list "exclude_groups" rule.excludeGroups
+ (if rule.trial then "trial = yes\n" else "")
