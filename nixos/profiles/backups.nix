# Backups of the ledger, in both clouds, and the proof that they can be restored. Only the primary makes them; the proof is
# the work of every standby, once a week.
{ config, lib, pkgs, fleet, host, ... }:
let
  kept = fleet.storage.${host.environment};
  bucket = fleet.bucket "backups" host.environment;
  postgresql = config.services.patroni.postgresqlPackage;
  # In its own cloud a host is somebody by itself; in the other it has a key.
  isIn = kind: host.region.kind == kind;

  ini = pkgs.formats.ini { };
  configuration = ini.generate "pgbackrest.conf" {
    global = {
      repo1-type = "s3";
      repo1-s3-bucket = bucket;
      repo1-s3-region = kept.s3Location;
      repo1-s3-endpoint = "s3.${kept.s3Location}.amazonaws.com";
      repo1-s3-key-type = if isIn "aws" then "auto" else "shared";
      repo1-path = "/ledger";
      repo1-retention-full-type = "time";
      repo1-retention-full = kept.backups.keptDays;
      repo2-type = "gcs";
      repo2-gcs-bucket = bucket;
      repo2-gcs-key-type = if isIn "gcp" then "auto" else "service";
      repo2-path = "/ledger";
      repo2-retention-full-type = "time";
      repo2-retention-full = kept.backups.keptDays;
      compress-type = "zst";
      process-max = 4;
      start-fast = "y";
      # A commit waits for no bucket: what could not be sent yet waits on the disk, up to this, and then is dropped with an
      # error that is alerted on, so that the database does not stand still for want of a backup.
      archive-async = "y";
      archive-push-queue-max = "64GB";
      spool-path = "/var/lib/patroni/spool";
      lock-path = "/run/patroni";
      log-level-console = "info";
      log-level-file = "off";
    }
    // lib.optionalAttrs (!isIn "gcp") { repo2-gcs-key = "/run/backups/gcs"; };
    paceline = {
      pg1-path = config.services.patroni.postgresqlDataDir;
      pg1-port = fleet.ports.postgres;
      pg1-socket-path = "/run/patroni";
      # Not the one that is called as the user of the system.
      pg1-user = "postgres";
    };
  };
  # Secrets of pgBackRest are environment, which the unit's credentials become.
  environmentFiles = lib.optionalAttrs (!isIn "aws") {
    PGBACKREST_REPO1_S3_KEY = "backups-s3-key";
    PGBACKREST_REPO1_S3_KEY_SECRET = "backups-s3-secret";
  };
  secrets = lib.attrValues environmentFiles ++ lib.optional (!isIn "gcp") "backups-gcs";

  service = script: timer: {
    startAt = timer;
    after = [ "patroni.service" ];
    path = [
      postgresql
      pkgs.pgbackrest
      pkgs.curl
    ];
    environment = {
      PATRONI = "http://${host.mesh}:${toString fleet.ports.patroni}";
      CREDENTIALS = lib.concatStringsSep " " (
        lib.mapAttrsToList (name: file: "${name}=${file}") environmentFiles
      );
    };
    serviceConfig = import ../lib/hardening.nix // {
      Type = "oneshot";
      ExecStart = "${pkgs.runtimeShell} ${script}";
      User = "patroni";
      Group = "patroni";
      SupplementaryGroups = [ "measured" ];
      LoadCredential = map (name: "${name}:${config.paceline.secrets.${name}.path}") secrets;
      ReadWritePaths = [
        "/var/lib/patroni"
        "/var/lib/postgresql"
        "/run/patroni"
        "/var/lib/measured"
      ];
      # What was measured is read by another user.
      UMask = "0022";
      # Postgres's own shared memory.
      PrivateIPC = false;
      RemoveIPC = false;
      # What serves comes first.
      IOSchedulingClass = "idle";
      Nice = 19;
      TimeoutStartSec = "6h";
    };
  };
in
{
  paceline.secrets = lib.genAttrs secrets (_: { owner = "patroni"; });

  environment.etc."pgbackrest/pgbackrest.conf".source = configuration;
  environment.systemPackages = [ pkgs.pgbackrest ];

  # Postgres archives under Patroni's unit.
  services.patroni.environmentFiles = lib.mapAttrs (
    _: file: config.paceline.secrets.${file}.path
  ) environmentFiles;
  systemd.tmpfiles.settings = lib.mkIf (!isIn "gcp") {
    backups."/run/backups/gcs"."L+".argument = config.paceline.secrets.backups-gcs.path;
  };

  systemd.services.backup = service ../scripts/backup.sh "*-*-* 03:10:00" // {
    description = "Backup of the ledger, where this host is the primary";
  };
  systemd.services.backup-restore-check =
    lib.recursiveUpdate (service ../scripts/restore-check.sh "Sun *-*-* 05:00:00")
      {
        description = "Whether the last backup can be restored";
        # pgBackRest gives each file that it restores the owner that it has already.
        serviceConfig.SystemCallFilter = (import ../lib/hardening.nix).SystemCallFilter ++ [ "@chown" ];
      };
  systemd.timers.backup-restore-check.timerConfig.RandomizedDelaySec = "4h";

  # Metrics by a role that reads nothing else.
  services.prometheus.exporters.postgres = {
    enable = true;
    listenAddress = host.mesh;
    port = fleet.ports.databaseMetrics;
    dataSourceName = "user=postgres-exporter database=postgres host=/run/patroni port=${toString fleet.ports.postgres}";
  };
}
