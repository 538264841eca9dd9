# What `paceline fleet absorb` would have taken in, made up for every host of a fleet file.
{ lib }:
file:
let
  # 44 signs of Base64 that are 32 bytes, different for each host.
  key = name: "${lib.substring 0 42 (builtins.hashString "sha256" name)}A=";
in
{
  regions = lib.listToAttrs (
    map (
      region:
      lib.nameValuePair region.name {
        balancer = [ ];
        hosts = lib.listToAttrs (
          lib.imap1 (
            index: host:
            lib.nameValuePair host.name {
              public = "198.51.100.${toString index}";
              key = key host.name;
            }
          ) region.hosts
        );
      }
    ) file.regions
  );
}
