# What whoever applies this stack has to say beside the fleet file.

variable "fleet_file" {
  description = "The fleet file."
  type        = string
  default     = "../../../nixos/fleet.json"
}

variable "environment" {
  description = "Which of the fleet file's environments. Each has a state of its own."
  type        = string
  default     = "production"
}

variable "project" {
  description = "The project that everything stands in."
  type        = string
}

variable "project_number" {
  description = "Its number, by which Google's own agents are named."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+$", var.project_number))
    error_message = "The number, not the name: `gcloud projects describe PROJECT --format='value(projectNumber)'` prints it."
  }
}

variable "image" {
  description = "The image that was made of our NixOS, as projects/P/global/images/I."
  type        = string

  validation {
    condition     = can(regex("^projects/[^/]+/global/images/[^/]+$", var.image))
    error_message = "An image is called projects/P/global/images/I."
  }
}

variable "backup_location" {
  description = "Where the second copy of database backups lies: not in the location of the primary that it is to save."
  type        = string
  default     = "US-WEST1"
}
