# The hosts: an interface with the address that the fleet file gives, a public address that outlives the machine (the mesh's
# other end knows it), the machine, and a disk that outlives it too.

locals {
  hosts = var.region.hosts
  # Placed on different hardware: what is there twice so that one of them may fail. At most seven of a group in a zone.
  paired = { for name, host in local.hosts : name => host if !contains(host.roles, "node") }
}

resource "aws_kms_key" "region" {
  region                  = var.region.location
  description             = "Disks of ${local.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  tags                    = local.tags

  # Without it nothing on the disks can be read.
  lifecycle { prevent_destroy = true }
}

resource "aws_placement_group" "paired" {
  region   = var.region.location
  name     = "${local.name}-paired"
  strategy = "spread"
  tags     = local.tags

  lifecycle {
    precondition {
      condition = alltrue([
        for hosts in { for host in local.paired : host.zone => host... } : length(hosts) <= 7
      ])
      error_message = "${var.region.name}: more than 7 hosts without the role node in one zone; AWS spreads no more. Move some to another zone in the fleet file."
    }
  }
}

# Nodes are many: their groups share no rack, and seven of them in a zone lose a seventh at once.
resource "aws_placement_group" "nodes" {
  region          = var.region.location
  name            = "${local.name}-nodes"
  strategy        = "partition"
  partition_count = 7
  tags            = local.tags
}

resource "aws_network_interface" "host" {
  for_each        = local.hosts
  region          = var.region.location
  subnet_id       = aws_subnet.zone[each.value.subnet].id
  private_ips     = [each.value.address]
  security_groups = [for role in setintersection(local.groups, concat(["all"], each.value.roles)) : aws_security_group.hosts[role].id]
  tags            = merge(local.tags, { Name = each.key })
}

resource "aws_eip" "host" {
  for_each          = local.hosts
  region            = var.region.location
  domain            = "vpc"
  network_interface = aws_network_interface.host[each.key].id
  tags              = merge(local.tags, { Name = each.key })

  depends_on = [aws_internet_gateway.region]
}

resource "aws_instance" "host" {
  for_each                = local.hosts
  region                  = var.region.location
  ami                     = var.image
  instance_type           = each.value.size
  placement_group         = contains(each.value.roles, "node") ? aws_placement_group.nodes.name : aws_placement_group.paired.name
  iam_instance_profile    = try([for role in each.value.roles : var.instance_profiles[role] if can(var.instance_profiles[role])][0], null)
  disable_api_termination = each.value.data_gib > 0
  ebs_optimized           = true
  tags                    = merge(local.tags, { Name = each.key, Roles = join(" ", each.value.roles) })

  primary_network_interface {
    network_interface_id = aws_network_interface.host[each.key].id
  }

  # Credentials are for the host's own processes: one hop, and only to who asks for a session first.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = 40
    encrypted   = true
    kms_key_id  = aws_kms_key.region.arn
  }

  # A newer image comes by nixos-rebuild to hosts that run; only new ones start from it.
  lifecycle { ignore_changes = [ami] }
}

resource "aws_ebs_volume" "data" {
  for_each          = { for name, host in local.hosts : name => host if host.data_gib > 0 }
  region            = var.region.location
  availability_zone = each.value.zone
  type              = "gp3"
  size              = each.value.data_gib
  encrypted         = true
  kms_key_id        = aws_kms_key.region.arn
  tags              = merge(local.tags, { Name = "${each.key}-data" })

  # Journals are the evidence of money that was granted: docs/deploy.md says how a region is given up.
  lifecycle { prevent_destroy = true }
}

resource "aws_volume_attachment" "data" {
  for_each    = aws_ebs_volume.data
  region      = var.region.location
  device_name = "/dev/sdf"
  volume_id   = each.value.id
  instance_id = aws_instance.host[each.key].id
}
