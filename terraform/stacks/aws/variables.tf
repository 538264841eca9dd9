# What whoever applies this stack has to say beside the fleet file.

variable "images" {
  description = "By location, the AMI that was made of our NixOS image there."
  type        = map(string)

  validation {
    condition     = alltrue([for image in values(var.images) : startswith(image, "ami-")])
    error_message = "An AMI is called ami-…; `aws ec2 import-image` or `aws ec2 copy-image` printed it."
  }
}

variable "budget_dollars" {
  description = "A month's bill of which half, four fifths and all are told to `budget_subscribers`."
  type        = number
}

variable "budget_subscribers" {
  description = "Who is told of the bill and of quotas, by mail."
  type        = list(string)

  validation {
    condition     = length(var.budget_subscribers) > 0
    error_message = "Somebody has to be told what the month costs: name one address at least."
  }
}
