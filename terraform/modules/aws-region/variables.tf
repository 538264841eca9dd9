# What a region in AWS is given: its entry of the fleet file, and what that file does not say.

variable "region" {
  description = "A region as modules/fleet has it."
  type = object({
    name     = string
    location = string
    network  = string
    hosts = map(object({
      roles    = list(string)
      size     = string
      zone     = string
      address  = string
      subnet   = string
      data_gib = number
    }))
  })
}

variable "environment" {
  description = "Stands in names and tags."
  type        = string
}

variable "image" {
  description = "The AMI that was made of our NixOS image in this location."
  type        = string
}

variable "mesh_port" {
  description = "Where WireGuard listens: the one port of all hosts that is open to the outside."
  type        = number
}

variable "balanced" {
  description = "What the balancer passes on to edges."
  type        = list(object({ name = string, outside = number, port = number }))
}

variable "instance_profiles" {
  description = "By role, what its hosts may do in the cloud."
  type        = map(string)
}
