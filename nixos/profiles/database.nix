# A host with the role database: Postgres under Patroni. One host of the environment is the primary; a commit is acknowledged
# when standbys have it of which one at least is in another cloud.
{ config, lib, pkgs, fleet, host, ... }:
let
  postgresql = pkgs.postgresql_17;
  databases = fleet.withRole host.environment "database";
  coordinators = fleet.withRole host.environment "coordinator";
  # So many standbys have every commit that they do not fit into the primary's own cloud beside it: one of them is elsewhere.
  inOneCloud = lib.foldl' lib.max 0 (
    lib.attrValues (lib.mapAttrs (_: lib.length) (lib.groupBy (one: one.region.cloud) databases))
  );
  secret = name: config.paceline.secrets.${name}.path;
  credentials = "/run/credentials/patroni.service";
  from =
    hosts: what: user:
    map (one: "host ${what} ${user} ${one.mesh}/32 scram-sha-256") hosts;
in
{
  imports = [ ./backups.nix ];

  paceline.secrets = lib.genAttrs [
    "postgres-superuser"
    "postgres-replication"
    "postgres-rewind"
    "patroni-rest"
    "ledger-password"
  ] (_: { });

  assertions = [
    {
      # Or nothing would be committed while the primary is in the largest cloud.
      assertion = inOneCloud < lib.length databases;
      message = "${host.environment}: all its databases are in one cloud, so no standby of another has a commit. Give the role database to a host in another cloud, in nixos/fleet.json.";
    }
  ];

  services.patroni = {
    enable = true;
    postgresqlPackage = postgresql;
    scope = "paceline-${host.environment}";
    name = host.name;
    nodeIp = host.mesh;
    otherNodesIps = map (one: one.mesh) (lib.filter (one: one.name != host.name) databases);
    postgresqlPort = fleet.ports.postgres;
    restApiPort = fleet.ports.patroni;
    # A primary that hangs and lost its lease is reset before another writes.
    softwareWatchdog = true;
    environmentFiles = {
      PATRONI_SUPERUSER_PASSWORD = "${credentials}/postgres-superuser";
      PATRONI_REPLICATION_PASSWORD = "${credentials}/postgres-replication";
      PATRONI_REWIND_PASSWORD = "${credentials}/postgres-rewind";
      PATRONI_RESTAPI_PASSWORD = "${credentials}/patroni-rest";
      LEDGER_PASSWORD = "${credentials}/ledger-password";
    };
    settings = {
      etcd3.hosts = map (one: "${one.mesh}:${toString fleet.ports.etcdClient}") (
        fleet.withRole host.environment "etcd"
      );
      # What changes something asks for it; reading is for HAProxy and Prometheus.
      restapi.authentication.username = "patroni";
      bootstrap = {
        dcs = {
          # A primary that is gone is noticed after ttl at most: Patroni's own defaults, which clouds' hiccups do not reach.
          ttl = 30;
          loop_wait = 10;
          retry_timeout = 10;
          # Only a standby that has what was acknowledged takes over.
          synchronous_mode = "quorum";
          synchronous_node_count = inOneCloud;
          # Without any standby commits wait; else Patroni would let the primary commit alone, and its loss take that with it.
          synchronous_mode_strict = true;
          # A primary that no etcd answers stays one as long as every other member says that it still hears it.
          failsafe_mode = true;
          maximum_lag_on_failover = 1048576;
          postgresql = {
            use_pg_rewind = true;
            use_slots = true;
            parameters = {
              wal_level = "replica";
              hot_standby = "on";
              # The ledger believes no commit that is not synchronous.
              synchronous_commit = "on";
              max_wal_senders = 10;
              max_replication_slots = 10;
              # pg_rewind needs what hints change, and a flipped bit is found when it is read.
              wal_log_hints = "on";
              # What a standby that is away may have missed; beyond it, it is made anew from backups.
              max_slot_wal_keep_size = "64GB";
              max_connections = 100;
              # A quarter of the smallest size that the fleet file has for a database (64 GiB).
              shared_buffers = "16GB";
              # Compiled queries are pages that are written and executed, which the unit forbids; the ledger's are short.
              jit = "off";
              password_encryption = "scram-sha-256";
              log_lock_waits = "on";
              log_checkpoints = "on";
              idle_in_transaction_session_timeout = "30s";
              archive_mode = "on";
              archive_timeout = "60s";
              archive_command = ''${lib.getExe pkgs.pgbackrest} --stanza=paceline archive-push "%p"'';
            };
          };
        };
        initdb = [
          { encoding = "UTF8"; }
          { locale = "C.UTF-8"; }
          "data-checksums"
        ];
        post_bootstrap = "${pkgs.runtimeShell} ${../scripts/make-database.sh}";
      };
      postgresql = {
        authentication = {
          superuser.username = "postgres";
          replication.username = "replicator";
          rewind.username = "rewind";
        };
        parameters.unix_socket_directories = "/run/patroni";
        create_replica_methods = [
          "pgbackrest"
          "basebackup"
        ];
        pgbackrest = {
          command = "${lib.getExe pkgs.pgbackrest} --stanza=paceline --delta restore";
          keep_data = true;
          no_params = true;
        };
        basebackup = {
          checkpoint = "fast";
          max-rate = "100M";
        };
        recovery_conf.restore_command = ''${lib.getExe pkgs.pgbackrest} --stanza=paceline archive-get %f "%p"'';
        pg_hba = [
          # Patroni itself, and what runs as its user; metrics by a role that may read nothing else.
          "local all postgres peer map=local"
          "local all postgres-exporter peer"
        ]
        ++ from databases "replication" "replicator"
        ++ from databases "all" "postgres"
        ++ from databases "all" "rewind"
        ++ from coordinators "paceline" "paceline";
        pg_ident = [ "local patroni postgres" ];
      };
      watchdog.safety_margin = 5;
    };
  };

  systemd.services.patroni.serviceConfig = lib.mapAttrs (_: lib.mkForce) (import ../lib/hardening.nix // {
    LoadCredential = map (name: "${name}:${secret name}") [
      "postgres-superuser"
      "postgres-replication"
      "postgres-rewind"
      "patroni-rest"
      "ledger-password"
    ];
    RuntimeDirectory = "patroni";
    RuntimeDirectoryMode = "0755";
    # Postgres goes on while Patroni is restarted, and its socket stands there.
    RuntimeDirectoryPreserve = "yes";
    # The watchdog's device.
    PrivateDevices = false;
    DeviceAllow = [ "/dev/watchdog rw" ];
    # Shared buffers are shared memory of the system, which outlives this unit's restart like Postgres itself.
    PrivateIPC = false;
    RemoveIPC = false;
    # Who connects by the socket is who he is on the host: with users of its own Postgres would see nobody.
    PrivateUsers = false;
    # Postgres writes the score by which the kernel chooses whom to end, and Patroni reads its processes.
    ProcSubset = "all";
    ProtectProc = "default";
    SystemCallFilter = [
      "@system-service"
      "~@privileged"
      # A standby that is made of a backup: pgBackRest gives each file the owner that it has already.
      "@chown"
    ];
    # The primary is the last to go.
    OOMScoreAdjust = -900;
    LimitNOFILE = 65536;
  });

  # Memory is promised to nobody twice: a primary that is ended for want of memory is a failover.
  boot.kernel.sysctl = {
    "vm.overcommit_memory" = 2;
    "vm.overcommit_ratio" = 90;
  };
}
