# What every HAProxy of the fleet is: its defaults, its metrics on the mesh, and its hardening.
{ lib, fleet, host, ... }:
{
  services.haproxy = {
    enable = true;
    config = lib.mkBefore ''
      log stdout format raw local0 notice
      maxconn 200000
      # Old processes end when their connections have, or after this.
      hard-stop-after 2m
      ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets

    defaults
      mode http
      log global
      timeout connect 1s
      timeout client 60s
      timeout server 10s
      timeout check 2s

    frontend metrics
      bind ${host.mesh}:${toString fleet.ports.proxyMetrics}
      http-request use-service prometheus-exporter if { path /metrics }
      http-request return status 404
    '';
  };

  systemd.services.haproxy.serviceConfig = lib.mapAttrs (_: lib.mkForce) (
    import ../lib/hardening.nix
    // {
      LimitNOFILE = 524288;
    }
  );
}
