# The fleet file as Nix sees it: every host with what its region and environment say. What the file must hold is checked by
# `paceline fleet check`, and not once more here.
{ lib }:
let
  read = path: lib.importJSON path;

  hostsOf =
    fleet:
    lib.concatMap (
      region:
      map (
        host:
        host
        // {
          region = removeAttrs region [ "hosts" ];
          environment = lib.findFirst (one: one.name == region.environment) null fleet.environments;
          cloud = lib.findFirst (one: one.name == region.cloud) null fleet.clouds;
          fqdn = "${host.name}.${region.name}.${fleet.domain}";
          has = role: lib.elem role host.roles;
        }
      ) region.hosts
    ) fleet.regions;
in
{
  inherit read hostsOf;

  # { us-east-node-1 = { name, roles, address, mesh, region, … }; … }
  byName = fleet: lib.listToAttrs (map (host: lib.nameValuePair host.name host) (hostsOf fleet));
}
