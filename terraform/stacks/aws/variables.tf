# What whoever applies this stack has to say beside the fleet file.

variable "images" {
  description = "By location, the AMI that was made of our NixOS image there."
  type        = map(string)

  validation {
    condition     = alltrue([for image in values(var.images) : startswith(image, "ami-")])
    error_message = "An AMI is called ami-…; `aws ec2 import-image` or `aws ec2 copy-image` printed it."
  }
}
