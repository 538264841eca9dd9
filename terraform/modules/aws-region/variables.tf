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

variable "ways_in" {
  description = "What the outside may reach, by nixos/traffic.json."
  type = list(object({
    name     = string
    why      = string
    roles    = list(string)
    protocol = string
    port     = number
    sources  = list(string)
  }))
}

variable "balanced" {
  description = "What the balancer passes on to edges, and where it asks whether an edge has nodes."
  type = object({
    ways  = list(object({ name = string, outside = number, port = number }))
    check = object({ port = number, path = string })
  })
}

variable "instance_profiles" {
  description = "By role, what its hosts may do in the cloud."
  type        = map(string)
}

variable "subscribers" {
  description = "Who is told of quotas, by mail."
  type        = list(string)
}
