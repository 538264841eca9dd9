# A host with the role observability: Prometheus, Alertmanager, Grafana, Loki, Tempo, and the fleet's authority. It asks; nothing of
# what serves waits for it.
{ config, lib, fleet, host, ... }:
let
  hosts = fleet.environment host.environment;
  targets =
    role: port:
    map (one: {
      targets = [ "${one.mesh}:${toString fleet.ports.${port}}" ];
      labels = {
        host = one.name;
        region = one.region.name;
        cloud = one.region.cloud;
      };
    }) (lib.filter (one: one.has role) hosts);
  job = name: role: port: {
    job_name = name;
    static_configs = targets role port;
  };
  # By the public name, with its certificate, as exchanges come to tell their bills: a node keeps the money of ads that nobody could have
  # billed, and where few are shown this is how it knows that they could (docs/decisions/0085).
  asker = config.services.prometheus.exporters.blackbox;
  reached = map (one: {
    targets = [ "https://${one.region.name}.${fleet.domain}/n/${one.name}/e/reach" ];
    labels.host = one.name;
  }) (lib.filter (one: one.has "node") hosts);

  secret = name: config.paceline.secrets.${name}.path;

  # As long as logs.
  traceHours = 336;
  # Half of the data disk (terraform/modules/fleet has 256 GiB) over that time, as if nothing of a span were compressed.
  traceBytesPerSecond = 128 * 1024 * 1024 * 1024 / (traceHours * 3600);
  # Where alerts go, as alertmanager.yml names them.
  receivers = [
    "pagerduty-routing-key"
    "slack-url"
  ];
in
{
  imports = [ ./authority.nix ];

  paceline.secrets = lib.genAttrs receivers (_: { units = [ "alertmanager.service" ]; }) // {
    grafana-password.owner = "grafana";
    grafana-key.owner = "grafana";
  };

  services.prometheus = {
    enable = true;
    listenAddress = host.mesh;
    port = fleet.ports.prometheus;
    retentionTime = "30d";
    # Of each bucket of a latency one call, with its trace and its decision.
    extraFlags = [ "--enable-feature=exemplar-storage" ];
    globalConfig = {
      scrape_interval = "15s";
      evaluation_interval = "15s";
      external_labels.environment = host.environment;
    };
    # Where promtool is run on it: while the configuration is built, and by `./dev test nix`.
    checkConfig = "syntax-only";
    ruleFiles = [
      ../observability/alerts.yml
      ../observability/hosts.yml
    ];
    alertmanagers = [
      { static_configs = [ { targets = [ "${host.mesh}:${toString fleet.ports.alertmanager}" ]; } ]; }
    ];
    # Rules, dashboards and runbooks ask for jobs by these names.
    scrapeConfigs = [
      (job "paceline-node" "node" "admin")
      (job "paceline-broker" "broker" "admin")
      (job "paceline-coordinator" "coordinator" "admin")
      (job "host" "all" "hostMetrics")
      (job "patroni" "database" "patroni")
      (job "postgres" "database" "databaseMetrics")
      (job "etcd" "etcd" "etcdMetrics")
      (job "edge" "edge" "proxyMetrics")
      (job "database-route" "coordinator" "proxyMetrics")
      (job "logs" "all" "logShipperMetrics")
      {
        job_name = "notices";
        metrics_path = "/probe";
        params.module = [ "reach" ];
        static_configs = reached;
        relabel_configs = [
          {
            source_labels = [ "__address__" ];
            target_label = "__param_target";
          }
          {
            source_labels = [ "__address__" ];
            target_label = "instance";
          }
          {
            target_label = "__address__";
            replacement = "${asker.listenAddress}:${toString asker.port}";
          }
        ];
      }
    ];
    exporters.blackbox = {
      enable = true;
      listenAddress = "127.0.0.1";
      configFile = builtins.toFile "blackbox.yml" (
        builtins.toJSON {
          modules.reach = {
            prober = "http";
            timeout = "5s";
            http.valid_status_codes = [ 204 ];
          };
        }
      );
    };

    alertmanager = {
      enable = true;
      listenAddress = host.mesh;
      port = fleet.ports.alertmanager;
      checkConfig = false;
      # NixOS puts environment in for what follows a dollar, and one for two.
      configText = lib.replaceStrings [ "$" ] [ "$$" ] (builtins.readFile ../observability/alertmanager.yml);
    };
  };

  # Its user is made when it starts, and no secret can be his before.
  systemd.services.alertmanager.serviceConfig.LoadCredential = map (name: "${name}:${secret name}") receivers;

  services.loki = {
    enable = true;
    configuration = {
      auth_enabled = false;
      server = {
        http_listen_address = host.mesh;
        http_listen_port = fleet.ports.logs;
        grpc_listen_address = "127.0.0.1";
      };
      common = {
        path_prefix = "/var/lib/loki";
        replication_factor = 1;
        ring.kvstore.store = "inmemory";
        ring.instance_addr = "127.0.0.1";
        storage.filesystem = {
          chunks_directory = "/var/lib/loki/chunks";
          rules_directory = "/var/lib/loki/rules";
        };
      };
      schema_config.configs = [
        {
          from = "2026-01-01";
          store = "tsdb";
          object_store = "filesystem";
          schema = "v13";
          index = {
            prefix = "index_";
            period = "24h";
          };
        }
      ];
      limits_config = {
        retention_period = "336h";
        allow_structured_metadata = true;
        volume_enabled = true;
      };
      compactor = {
        working_directory = "/var/lib/loki/compactor";
        retention_enabled = true;
        delete_request_store = "filesystem";
      };
      analytics.reporting_enabled = false;
    };
  };

  services.tempo = {
    enable = true;
    settings = {
      server = {
        http_listen_address = "127.0.0.1";
        http_listen_port = 3200;
        grpc_listen_address = "127.0.0.1";
        grpc_listen_port = 9096;
      };
      distributor.receivers.otlp.protocols.http.endpoint = "${host.mesh}:${toString fleet.ports.traces}";
      storage.trace = {
        backend = "local";
        local.path = "/var/lib/tempo/blocks";
        wal.path = "/var/lib/tempo/wal";
      };
      overrides.defaults = {
        # Here Tempo 2 reads it and Tempo 3, which has no compactor any more.
        compaction.block_retention = "${toString traceHours}h";
        # What comes faster is refused: hosts' collectors try it again for five minutes, and drop it then.
        ingestion = {
          rate_strategy = "local";
          rate_limit_bytes = traceBytesPerSecond;
          # What a collector sends at once has to fit into it: one that was cut off sends batches of 1024 spans and more.
          burst_size_bytes = 16 * 1024 * 1024;
          # In memory, while more of them may come.
          max_traces_per_user = 10000;
        };
      };
      usage_report.reporting_enabled = false;
    };
  };

  services.grafana = {
    enable = true;
    settings = {
      server = {
        http_addr = host.mesh;
        http_port = fleet.ports.grafana;
      };
      security = {
        admin_user = "operator";
        admin_password = "$__file{${secret "grafana-password"}}";
        secret_key = "$__file{${secret "grafana-key"}}";
        cookie_samesite = "strict";
      };
      users.allow_sign_up = false;
      "auth.anonymous".enabled = false;
      analytics.reporting_enabled = false;
      analytics.check_for_updates = false;
    };
    provision = {
      enable = true;
      datasources.settings.datasources = [
        {
          name = "Prometheus";
          uid = "prometheus";
          type = "prometheus";
          url = "http://${host.mesh}:${toString fleet.ports.prometheus}";
          isDefault = true;
          # From a point of a latency to the trace of a call that took so long.
          jsonData.exemplarTraceIdDestinations = [
            {
              name = "trace_id";
              datasourceUid = "tempo";
            }
          ];
        }
        {
          name = "Loki";
          uid = "loki";
          type = "loki";
          url = "http://${host.mesh}:${toString fleet.ports.logs}";
        }
        {
          name = "Tempo";
          uid = "tempo";
          type = "tempo";
          url = "http://127.0.0.1:3200";
        }
      ];
      dashboards.settings.providers = [
        {
          name = "paceline";
          options.path = ../observability/dashboards;
        }
      ];
    };
  };
}
