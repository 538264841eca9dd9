# The fleet's own authority, beside what watches it: it renews hosts' certificates and makes none for strangers. The root's
# key is on no host; this one has an intermediate, whose key and password are secrets.
{ config, fleet, host, ... }:
{
  paceline.secrets = {
    authority = { };
    authority-intermediate.owner = "step-ca";
    authority-key.owner = "step-ca";
    authority-password.units = [ "step-ca.service" ];
  };

  assertions = [
    {
      assertion = fleet.operators.enrolment ? kty && !fleet.operators.enrolment ? d;
      message = "nixos/operators.json: `enrolment` is no public JWK, so no host could be given its first certificate. `step crypto jwk create public.json private.json` makes one; the private one stays with the operators.";
    }
  ];

  services.step-ca = {
    enable = true;
    address = host.mesh;
    port = fleet.ports.authority;
    intermediatePasswordFile = config.paceline.secrets.authority-password.path;
    settings = {
      root = config.paceline.secrets.authority.path;
      crt = config.paceline.secrets.authority-intermediate.path;
      key = config.paceline.secrets.authority-key.path;
      dnsNames = [ host.name ];
      logger.format = "json";
      db = {
        type = "badgerv2";
        dataSource = "/var/lib/step-ca/db";
      };
      authority = {
        claims = {
          defaultTLSCertDuration = "720h";
          maxTLSCertDuration = "720h";
        };
        # A first certificate needs a token that an operator has signed; the next is asked for with the last.
        provisioners = [
          {
            type = "JWK";
            name = "operators";
            key = fleet.operators.enrolment;
          }
        ];
      };
    };
  };
}
