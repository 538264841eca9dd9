// The functions over arrays: the same bits as one by one, whatever the processor. A kernel takes as many
// numbers at a time as its vectors hold and stops before those among which one is extreme; these are worked
// out here, one by one.
import CSIMD

/// The functions that have kernels.
public enum RealFunction: CaseIterable, Sendable {
    case exp, log, sigmoid, tanh

    private var kernel: csimd_real_function {
        switch self {
        case .exp: CSIMD_EXP
        case .log: CSIMD_LOG
        case .sigmoid: CSIMD_SIGMOID
        case .tanh: CSIMD_TANH
        }
    }

    @inline(__always) private func of(_ x: Double) -> Double {
        switch self {
        case .exp: .exp(x)
        case .log: .log(x)
        case .sigmoid: .sigmoid(x)
        case .tanh: .tanh(x)
        }
    }

    /// Puts the function's value in the place of each number.
    public func replace(_ values: inout MutableSpan<Double>) {
        var done = 0
        let count = values.count
        while done < count {
            unsafe values.withUnsafeMutableBufferPointer { buffer in
                guard let start = buffer.baseAddress else { return }
                done += unsafe csimd_real_doubles(kernel, start + done, count - done)
            }
            // As many as the widest vector holds: a kernel that stopped may go on behind them.
            for _ in 0..<min(count - done, 8) {
                values[done] = of(values[done])
                done += 1
            }
        }
    }

    /// Puts the function's value in the place of each number.
    public func replace(_ values: inout MutableSpan<Float>) {
        var done = 0
        let count = values.count
        while done < count {
            unsafe values.withUnsafeMutableBufferPointer { buffer in
                guard let start = buffer.baseAddress else { return }
                done += unsafe csimd_real_floats(kernel, start + done, count - done)
            }
            for _ in 0..<min(count - done, 8) {
                values[done] = Float(of(Double(values[done])))
                done += 1
            }
        }
    }
}
