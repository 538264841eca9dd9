# The way to the database: HAProxy on each coordinator's own host, which asks every Patroni who is primary.
{ lib, fleet, host, ... }:
let
  databases = fleet.withRole host.environment "database";
in
{
  imports = [ ./proxy.nix ];

  services.haproxy.config = lib.mkAfter ''
    listen primary
      mode tcp
      bind 127.0.0.1:${toString fleet.ports.database}
      option httpchk
      http-check send meth GET uri /primary
      http-check expect status 200
      # Once a second and twice wrong: two seconds beyond Patroni's own promotion. Who still has a connection to the old
      # primary loses it, or it would wait there.
      default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
      timeout client 1h
      timeout server 1h
    ${lib.concatMapStrings (one: ''
      ${"  "}server ${one.name} ${one.mesh}:${toString fleet.ports.postgres} check port ${toString fleet.ports.patroni}
    '') databases}
  '';
}
