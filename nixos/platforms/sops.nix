# Secrets by sops-nix: one encrypted file for each host, which only that host's own SSH key and the operators' keys open.
{ config, lib, host, secrets, ... }:
let
  file = secrets + "/${host.name}.yaml";
in
{
  assertions = [
    {
      assertion = builtins.pathExists file;
      message = "nixos/secrets/${host.name}.yaml is not there. Write it by `sops nixos/secrets/${host.name}.yaml`, with: ${lib.concatStringsSep ", " (lib.attrNames config.paceline.secrets)}.";
    }
  ];

  sops = {
    defaultSopsFile = lib.mkIf (builtins.pathExists file) file;
    age.sshKeyPaths = [ "/etc/ssh/ssh_host_ed25519_key" ];
    gnupg.sshKeyPaths = [ ];
    secrets = lib.mapAttrs (_: secret: {
      inherit (secret) owner path;
      restartUnits = secret.units;
    }) config.paceline.secrets;
  };
}
