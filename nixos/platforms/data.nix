# The disk that outlives its machine. All of /var/lib is on it: journals, the database, and which user has which number, which
# the files there are owned by.
{ config, lib, host, ... }:
let
  # As terraform/modules/fleet has it: what has no data has no second disk.
  hasData = lib.any host.has [
    "node"
    "broker"
    "database"
    "etcd"
    "observability"
  ];
in
{
  options.paceline.dataDisk = lib.mkOption {
    type = lib.types.path;
    description = "Where the platform shows the data disk.";
  };
  config = lib.mkIf hasData {
    fileSystems."/var/lib" = {
      device = config.paceline.dataDisk;
      fsType = "ext4";
      # Only where there is no file system yet.
      autoFormat = true;
      # Users are given their numbers early in the start.
      neededForBoot = true;
      options = [ "noatime" ];
    };
  };
}
