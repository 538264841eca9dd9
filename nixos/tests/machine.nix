# A virtual machine in place of a cloud's: its second network card is the mesh, with the mesh's addresses, so that what is let
# in is what traffic.json says; and secrets that are secret to nobody.
{ config, lib, pkgs, fleet, host, ... }:
let
  # An authority, and a certificate of each host by it, made while the test is built.
  identity = pkgs.runCommand "identity-${host.name}" { nativeBuildInputs = [ pkgs.openssl ]; } ''
    mkdir $out
    # The same key on every host, since each builds its own: of a text that everyone has.
    openssl genpkey -algorithm ed25519 -out key.pem
    cp ${authority}/* .
    openssl req -new -key key.pem -subj /CN=${host.name} -out request.pem
    printf 'subjectAltName=DNS:${host.name},DNS:coordinator.${fleet.domain},DNS:broker.${host.region.name}.${fleet.domain},URI:spiffe://${fleet.domain}/region/${host.region.name}/host/${host.name}\n' > names
    openssl x509 -req -in request.pem -CA authority.pem -CAkey authority-key.pem -days 3650 -extfile names -out certificate.pem
    mv key.pem certificate.pem authority.pem $out
  '';
  authority = pkgs.runCommand "authority" { nativeBuildInputs = [ pkgs.openssl ]; } ''
    mkdir $out
    openssl req -x509 -newkey ed25519 -nodes -days 3650 -subj /CN=fleet -keyout $out/authority-key.pem -out $out/authority.pem
  '';
  contents = name: {
    authority = "${identity}/authority.pem";
    identity = "${identity}/certificate.pem";
    identity-key = "${identity}/key.pem";
    notice-keys = ../../Examples/notice-keys;
  }.${name} or (pkgs.writeText name "not-a-secret");
in
{
  virtualisation = {
    memorySize = 1536;
    cores = 2;
    diskSize = 4096;
  };

  networking.wireguard.interfaces = lib.mkForce { };
  boot.kernel.sysctl = {
    "vm.overcommit_memory" = lib.mkForce 0;
    "vm.min_free_kbytes" = lib.mkForce 16384;
  };
  # The driver's network card, under the mesh's name.
  systemd.network.links."10-mesh" = {
    matchConfig.OriginalName = "eth1";
    linkConfig.Name = "mesh";
  };
  networking.interfaces = lib.mkForce {
    mesh.ipv4.addresses = [
      {
        address = host.mesh;
        inherit (fleet) prefixLength;
      }
      # What edges bind to, in place of the cloud's network.
      {
        inherit (host) address;
        prefixLength = 32;
      }
    ];
  };

  # What does not fit into a small machine.
  services.patroni.settings.bootstrap.dcs.postgresql.parameters.shared_buffers = lib.mkForce "128MB";
  services.patroni.softwareWatchdog = lib.mkForce false;
  services.patroni.settings.watchdog.mode = lib.mkForce "off";
  # There is no bucket.
  services.patroni.settings.bootstrap.dcs.postgresql.parameters.archive_mode = lib.mkForce "off";
  services.patroni.settings.postgresql.create_replica_methods = lib.mkForce [ "basebackup" ];
  # Nobody to prove names to: the certificate is the one that signs itself.
  security.acme.defaults.server = "https://127.0.0.1:1/none";
  services.opentelemetry-collector.enable = lib.mkForce false;
  systemd.services.ship-journals.enable = lib.mkForce false;
  documentation.enable = false;

  systemd.tmpfiles.settings.secrets = lib.mapAttrs' (
    name: secret:
    lib.nameValuePair secret.path {
      C = {
        argument = "${contents name}";
        user = secret.owner;
        mode = "0400";
      };
    }
  ) config.paceline.secrets;

  # What a test publishes.
  environment.etc.catalog.source = ../../Examples/catalog;

  environment.systemPackages = [
    pkgs.curl
    pkgs.jq
  ];
}
