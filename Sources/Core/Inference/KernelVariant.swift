// Which instructions evaluate models: the best that this machine has, unless a test or a bench asks for
// others. All give the same bits.
import CSIMD

public enum KernelVariant: CaseIterable, Sendable {
    case portable, avx2, avx512

    var number: csimd_variant {
        switch self {
        case .portable: CSIMD_PORTABLE
        case .avx2: CSIMD_AVX2
        case .avx512: CSIMD_AVX512
        }
    }

    /// Whether this machine has what it needs.
    public var runs: Bool { csimd_tree_runs(number) }

    public static var best: KernelVariant {
        allCases.last { $0.runs && $0.number == csimd_tree_best() } ?? .portable
    }
}
