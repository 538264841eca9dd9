// Vector kernels that Swift cannot express, each with a portable twin.
#pragma once
