// Hands each input of libFuzzer to the invariants, and stops at the first one that breaks them.
import CFuzzer
import GraphInvariants

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
_ = LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
    if let violation = GraphInvariants.violation(UnsafeRawBufferPointer(start: bytes, count: count)) {
        fatalError(violation)
    }
    return 0
}
