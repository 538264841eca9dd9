# Journals leave the host: a disk that is lost takes an hour of decisions with it at most, and not a week. They go to the bucket of the
# host's own cloud, as whom the cloud knows the host to be, without a key; nodes may add there and do nothing else.
# Brokers' journals stay: they are what one broker goes on from, and no copy of them is ever of use to anybody.
{ config, lib, pkgs, fleet, host, ... }:
let
  kept = fleet.storage.${host.environment};
  remote = {
    aws = {
      TYPE = "s3";
      PROVIDER = "AWS";
      ENV_AUTH = "true";
      REGION = kept.s3Location;
      # Neither is allowed to who may only add.
      NO_CHECK_BUCKET = "true";
      NO_HEAD = "true";
    };
    gcp = {
      TYPE = "google cloud storage";
      ENV_AUTH = "true";
      BUCKET_POLICY_ONLY = "true";
      NO_CHECK_BUCKET = "true";
    };
    # A machine that no cloud knows would need a key.
    bare = null;
  }.${host.region.kind};
in
{
  config = lib.mkIf (remote != null) {
    systemd.services.ship-journals = {
      description = "Finished segments of the journal, into the bucket";
      startAt = "*:0/2";
      path = [
        pkgs.rclone
        pkgs.zstd
      ];
      environment = {
        JOURNAL = config.services.paceline.node.settings.journal.directory;
        # All that it is told stands here.
        RCLONE_CONFIG = "/dev/null";
        TARGET = "journals:${fleet.bucket "journals" host.environment}/${host.name}";
      }
      // lib.mapAttrs' (key: lib.nameValuePair "RCLONE_CONFIG_JOURNALS_${key}") remote;
      serviceConfig = import ../lib/hardening.nix // {
        Type = "oneshot";
        ExecStart = "${pkgs.runtimeShell} ${../scripts/ship-journals.sh}";
        User = "paceline-node";
        Group = "paceline-node";
        SupplementaryGroups = [ "measured" ];
        StateDirectory = "ship-journals";
        StateDirectoryMode = "0750";
        ReadWritePaths = [ "/var/lib/measured" ];
        # What was measured is read by another user.
        UMask = "0022";
        # Programs in Go raise their limit of open files at their start, and would be ended over it.
        SystemCallFilter = [
          "@system-service"
          "~@privileged"
        ];
        # Decisions come first, for the disk and for the processor; not by the idle class, since shards that spin leave no idle time.
        IOSchedulingClass = "idle";
        Nice = 19;
        MemoryMax = "512M";
        TimeoutStartSec = "30min";
      };
    };
  };
}
