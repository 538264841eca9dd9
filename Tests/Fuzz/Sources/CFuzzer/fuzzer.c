// SwiftPM builds a target of C only where there is a source; all that matters is in the header.
#include "CFuzzer.h"
