# What only Google knows of a region, for nixos/fleet.state.json.

output "state" {
  description = "What only the cloud knows of this region: public values."
  value = {
    balancer = google_compute_address.balancer[*].address
    hosts    = { for name, one in google_compute_address.host : name => { public = one.address } }
  }
}
