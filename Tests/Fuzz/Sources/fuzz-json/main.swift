// Hands each input of libFuzzer to the invariants, and stops at the first one that breaks them. The environment
// variable PACELINE_SIMD (portable, avx2, avx512) may name a lesser variant of the kernels than the best.
import CFuzzer
import CSIMD
import Glibc
import JSONInvariants

let variants = ["portable": CSIMD_PORTABLE, "avx2": CSIMD_AVX2, "avx512": CSIMD_AVX512]
if let wanted = getenv("PACELINE_SIMD"), let variant = variants[String(cString: wanted)] {
    csimd_choose(variant)
}

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
_ = LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
    if let violation = JSONInvariants.violation(UnsafeRawBufferPointer(start: bytes, count: count)) {
        fatalError(violation)
    }
    return 0
}
