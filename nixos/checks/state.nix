# What `paceline fleet absorb` would have taken in, made up for every host of a fleet file.
{ lib }:
file:
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
            }
          ) region.hosts
        );
      }
    ) file.regions
  );
}
