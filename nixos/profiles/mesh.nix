# How hosts reach one another, in every cloud alike: WireGuard, each with each. Addresses come from the fleet file, public
# addresses from what was absorbed, public keys from keys.json.
{ config, lib, fleet, host, ... }:
let
  others = lib.filter (other: other.name != host.name) (fleet.environment host.environment);
  isKnown = other: other.public != null && other.key != null;
  without = what: map (other: other.name) (lib.filter (other: other.${what} == null) ([ host ] ++ others));
in
{
  assertions = [
    {
      assertion = without "public" == [ ];
      message = "nixos/fleet.state.json has no public address of ${lib.concatStringsSep ", " (without "public")}. Take in what Terraform put out, by `paceline fleet absorb`.";
    }
    {
      assertion = without "key" == [ ];
      message = "nixos/keys.json has no key of ${lib.concatStringsSep ", " (without "key")}. `wg genkey` makes the private one, which is the host's secret `wireguard`; `wg pubkey` says the other, which stands there.";
    }
  ];

  paceline.secrets.wireguard.units = [ "wireguard-mesh.service" ];

  networking.wireguard.useNetworkd = false;
  networking.wireguard.interfaces.mesh = {
    ips = [ "${host.mesh}/${toString fleet.prefixLength}" ];
    listenPort = fleet.ports.mesh;
    privateKeyFile = config.paceline.secrets.wireguard.path;
    # Google's networks carry 1,460 bytes; WireGuard takes 80 of them at most.
    mtu = 1380;
    peers =
      map (other: {
        inherit (other) name;
        publicKey = other.key;
        allowedIPs = [ "${other.mesh}/32" ];
        endpoint = "${other.public}:${toString fleet.ports.mesh}";
        # Clouds forget a flow after minutes, and the first packet after that is lost where the other side began it.
        persistentKeepalive = 25;
      }) (lib.filter isKnown others)
      # They come from anywhere, and so have no endpoint.
      ++ lib.mapAttrsToList (name: peer: {
        inherit name;
        publicKey = peer.key;
        allowedIPs = [ "${peer.mesh}/32" ];
      }) fleet.operators.peers;
  };

  # Services bind to the mesh's address whether WireGuard is up already or not: none of them waits for another at the start.
  boot.kernel.sysctl."net.ipv4.ip_nonlocal_bind" = 1;

  # Names of all hosts without a server that could be down.
  networking.hosts = lib.listToAttrs (
    map (one: lib.nameValuePair one.mesh [ one.name ]) ([ host ] ++ others)
  );
}
