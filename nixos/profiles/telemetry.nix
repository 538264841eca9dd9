# What every host tells: metrics of the machine, its journal, and the spans of what runs on it. All on the mesh.
{ lib, pkgs, fleet, host, ... }:
let
  watch = lib.head (fleet.withRole host.environment "observability");
in
{
  services.prometheus.exporters.node = {
    enable = true;
    listenAddress = host.mesh;
    port = fleet.ports.hostMetrics;
    enabledCollectors = [
      "systemd"
      "pressure"
    ];
    # Where checks that run by the clock leave when they last went well.
    extraFlags = [ "--collector.textfile.directory=/var/lib/measured" ];
  };
  # Each is written by the user of what measured it, and by nobody else.
  users.groups.measured = { };
  systemd.tmpfiles.settings.measured."/var/lib/measured".d = {
    group = "measured";
    mode = "1775";
  };

  services.opentelemetry-collector = {
    enable = true;
    package = pkgs.opentelemetry-collector-contrib;
    settings = {
      receivers.journald = {
        directory = "/var/log/journal";
        start_at = "end";
        storage = "file_storage/cursor";
      };
      # Daemons of this host send their spans here.
      receivers.otlp.protocols.http.endpoint = "127.0.0.1:${toString fleet.ports.traces}";
      # Where it was: a collector that is restarted sends nothing twice and leaves nothing out.
      extensions."file_storage/cursor".directory = "/var/lib/opentelemetry-collector";
      processors = {
        # Beyond it the collector drops, and the host goes on.
        memory_limiter = {
          check_interval = "1s";
          limit_mib = 256;
        };
        batch = {
          timeout = "2s";
          send_batch_size = 1024;
        };
        resource.attributes = lib.mapAttrsToList (key: value: {
          inherit key value;
          action = "upsert";
        }) {
          "host.name" = host.name;
          "cloud.region" = host.region.name;
          "deployment.environment" = host.environment;
        };
      };
      exporters.otlphttp = {
        endpoint = "http://${watch.mesh}:${toString fleet.ports.logs}/otlp";
        # An hour of a watch that is down, and then the oldest go.
        retry_on_failure.max_elapsed_time = "1h";
        sending_queue = {
          queue_size = 1000;
          storage = "file_storage/cursor";
        };
      };
      # Traces are worth less than the disk that a queue would take: a watch that is down for minutes has holes.
      exporters."otlphttp/traces" = {
        endpoint = "http://${watch.mesh}:${toString fleet.ports.traces}";
        retry_on_failure.max_elapsed_time = "5m";
        sending_queue.queue_size = 1000;
      };
      service = {
        extensions = [ "file_storage/cursor" ];
        pipelines.logs = {
          receivers = [ "journald" ];
          processors = [
            "memory_limiter"
            "resource"
            "batch"
          ];
          exporters = [ "otlphttp" ];
        };
        pipelines.traces = {
          receivers = [ "otlp" ];
          processors = [
            "memory_limiter"
            "resource"
            "batch"
          ];
          exporters = [ "otlphttp/traces" ];
        };
        telemetry.metrics.readers = [
          {
            pull.exporter.prometheus = {
              host = host.mesh;
              port = fleet.ports.logShipperMetrics;
            };
          }
        ];
      };
    };
  };
  systemd.services.opentelemetry-collector = {
    # journalctl is what its receiver reads by.
    path = [ pkgs.systemd ];
    serviceConfig.MemoryMax = "512M";
  };
}
