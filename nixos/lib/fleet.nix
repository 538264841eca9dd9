# The fleet file as Nix sees it: every host by its name, with what its region says. What the file must hold is checked by
# `paceline fleet check`, and not once more here.
{ lib }:
fleet:
lib.listToAttrs (
  lib.concatMap (
    region:
    map (host: lib.nameValuePair host.name (host // { region = removeAttrs region [ "hosts" ]; })) region.hosts
  ) fleet.regions
)
