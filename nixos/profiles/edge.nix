# A host with the role edge: TLS ends here, and requests go on to the nodes of the region. A viewer comes to the same node as
# long as it is there, so that what he has seen is known where he is decided about; a node that has more than its share passes
# the rest on to the next.
{ config, lib, fleet, host, ... }:
let
  nodes = lib.filter (one: one.region.name == host.region.name) (fleet.withRole host.environment "node");
  # Ads of a node that is gone for good are still billed: holders.json never forgets one.
  names = lib.concatStringsSep " " (
    lib.unique (map (one: one.name) nodes ++ fleet.holdersOfRegion host.region)
  );
  serversWith =
    option:
    lib.concatMapStrings (one: ''
      ${"  "}server ${one.name} ${one.mesh}:${toString fleet.ports.serve} ${option one}
    '') nodes;
  servers = serversWith (_: "check");
  # How a viewer finds his node.
  byViewer = ''
    balance hash var(txn.viewer)
      hash-type consistent djb2 avalanche
      # No node has more than half beyond its share, whoever asks.
      hash-balance-factor 150
      # What was not sent may be sent to another; what was is not decided twice.
      option redispatch 1
      retries 2
      retry-on conn-failure
      http-reuse always'';
  certificate = "${config.security.acme.certs.requests.directory}/full.pem";
in
{
  imports = [ ./proxy.nix ];

  assertions = [
    {
      assertion = nodes != [ ];
      message = "${host.region.name} has the edge ${host.name} and no node that it could pass requests on to. Give the region nodes, or take the role edge from it, in nixos/fleet.json.";
    }
  ];

  services.haproxy.config = lib.mkAfter ''
    frontend requests
      bind ${host.address}:${toString fleet.ports.serve}
      bind ${host.address}:${toString fleet.ports.serveTLS} ssl crt ${certificate} alpn h2,http/1.1
      # What the cloud's balancer asks: an edge without nodes is taken out.
      monitor-uri /edge
      monitor fail if { nbsrv(nodes) lt 1 }
      option forwardfor
      # Whoever comes from outside has no trace that we record for him: that costs our disk.
      http-request del-header traceparent
      http-request del-header tracestate
      # Who the viewer is, by what a request says: in its body, in a tag's query, at last by his address. A body that has not
      # come in 50 ms is not waited for: it is hashed by what is there.
      http-request wait-for-body time 50ms at-least 16k if METH_POST
      http-request set-var(txn.viewer) req.body,json_query('$.device.ifa') if METH_POST
      http-request set-var(txn.viewer) req.body,json_query('$.user.id') if METH_POST !{ var(txn.viewer) -m found }
      http-request set-var(txn.viewer) req.body,json_query('$.device.ip') if METH_POST !{ var(txn.viewer) -m found }
      http-request set-var(txn.viewer) url_param(ifa) if { url_param(ifa) -m found }
      http-request set-var(txn.viewer) url_param(uid) if !{ var(txn.viewer) -m found } { url_param(uid) -m found }
      http-request set-var(txn.viewer) src unless { var(txn.viewer) -m found }
      # Notices name the node that has their reservation: /n/NODE/e/EVENT becomes /e/EVENT there, or where that one is down at
      # another of the region, which has the same keys.
      # Who asks whether a node is reached asks for one: by no name it would be proof of whichever the hash finds.
      http-request return status 404 if { path /e/reach }
      http-request set-var(txn.node) path,field(3,/) if { path_beg /n/ }
      http-request return status 404 if { var(txn.node) -m found } !{ var(txn.node) -m str ${names} }
      http-request set-path /%[path,field(4,/,0)] if { var(txn.node) -m found }
      http-request return status 503 if { path /e/reach } !{ var(txn.node) -m str ${lib.concatMapStringsSep " " (one: one.name) nodes} }
      use_backend reach-%[var(txn.node)] if { path /e/reach }
      use_backend notices if { var(txn.node) -m found }
      use_backend leaving if { nbsrv(nodes) lt 1 }
      default_backend nodes

    backend nodes
      ${byViewer}
      option httpchk
      http-check send meth GET uri /readyz
      http-check expect status 200
      # A node says that it leaves for as long as three of these and one more take (drain.noticeMilliseconds).
      # A node that refuses connections is out at the third: by checks alone its viewers would be refused for six seconds, since
      # a hash finds the same node at each try.
      default-server inter 2s fall 3 rise 2 observe layer4 error-limit 3 on-error mark-down
    ${servers}
    # Of a region that is out of service no node is ready, and each answers what still comes: names and balancers have been told by
    # /edge, and need half a minute to be believed.
    backend leaving
      ${byViewer}
    ${serversWith (one: "track notices/${one.name}")}
    backend notices
      option httpchk
      http-check send meth GET uri /healthz
      http-check expect status 200
      # Told twice, a bill counts once.
      option redispatch 1
      retries 2
      retry-on conn-failure
      http-reuse always
      default-server inter 2s fall 3 rise 2 observe layer4 error-limit 3 on-error mark-down
    ${lib.concatMapStrings (one: ''
      ${"  "}use-server ${one.name} if { var(txn.node) -m str ${one.name} }
    '') nodes}${servers}
    ${lib.concatMapStrings (one: ''
      # What another node would say is no proof of this one: it answers itself, or nobody does.
      backend reach-${one.name}
      ${"  "}retries 1
      ${"  "}server ${one.name} ${one.mesh}:${toString fleet.ports.serve} track notices/${one.name}
    '') nodes}
  '';

  # The names that exchanges and players use, proven in the zone that Terraform made.
  paceline.secrets.acme-route53.units = [ ];
  security.acme = {
    inherit (fleet.operators.acme) acceptTerms;
    defaults.email = fleet.operators.acme.email;
    certs.requests = {
      domain = "bid.${fleet.domain}";
      extraDomainNames = [ "${host.region.name}.${fleet.domain}" ];
      dnsProvider = "route53";
      environmentFile = config.paceline.secrets.acme-route53.path;
      group = "haproxy";
      reloadServices = [ "haproxy.service" ];
    };
  };
  systemd.services.haproxy = {
    wants = [ "acme-requests.service" ];
    after = [ "acme-requests.service" ];
  };
}
