# shellcheck shell=bash
# Keeps /var/lib/identity: the certificate that the host was given at first, then each next one, asked for with the last when
# a third of its life is left. Daemons look at the files every minute.
set -euo pipefail
cd -- "${STATE_DIRECTORY:?}"
given=${CREDENTIALS_DIRECTORY:?}

# put SOURCE NAME: as one step, so that nobody reads half of it.
put() {
  install -m 0640 "$1" ".$2.new"
  mv ".$2.new" "$2"
}

put "$given/authority" authority.pem
# The first one, and whatever an operator gives instead of one that has run out.
if ! openssl x509 -in certificate.pem -noout -checkend 0 >/dev/null 2>&1; then
  put "$given/identity-key" key.pem
  put "$given/identity" certificate.pem
fi
if ! openssl x509 -in certificate.pem -noout -checkend 0 >/dev/null; then
  echo "the host's certificate has run out: make another and put it into the secrets identity and identity-key" >&2
  exit 1
fi
# Ten days of thirty: an authority that is down for a week stops nobody.
if ! openssl x509 -in certificate.pem -noout -checkend $((10 * 24 * 3600)) >/dev/null; then
  cp certificate.pem .renewed.pem
  "${STEP:?}" ca renew --force --ca-url "${AUTHORITY_URL:?}" --root authority.pem .renewed.pem key.pem
  put .renewed.pem certificate.pem
  rm -f .renewed.pem
fi
