# What whoever applies this stack has to say beside the fleet file.

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

variable "billing_account" {
  description = "Whose bill the budget watches: `gcloud billing accounts list` prints it."
  type        = string
}
