# What only Google knows of a region, for nixos/fleet.state.json.

output "state" {
  description = "What only the cloud knows of this region: public values."
  value = {
    balancer = google_compute_address.balancer[*].address
    hosts    = { for name, one in google_compute_address.host : name => { public = one.address } }
  }
}

output "ways_in" {
  description = "What the region's firewall lets in, for tests."
  value = {
    for name, rule in google_compute_firewall.outside : name => {
      sources = rule.source_ranges
      tags    = rule.target_tags
      allow   = [for one in rule.allow : "${one.protocol} ${join(",", one.ports)}"]
    }
  }
}
