// Rows in, raw scores out: the one way to ask any model. It allocates nothing.
import CSIMD

extension Model {
    /// Takes in the values of a request, row-wide, of which only those of shared features are looked at. Once
    /// for each request, before its rows are scored.
    public func prepare(_ request: Span<Float>, _ scratch: inout ModelScratch) {
        unsafe request.withUnsafeBufferPointer { unsafe prepareAny($0, &scratch) }
    }

    public func prepare(_ request: Span<Double>, _ scratch: inout ModelScratch) {
        unsafe request.withUnsafeBufferPointer { unsafe prepareAny($0, &scratch) }
    }

    /// The raw scores of rows that stand one after the other, each as wide as the model has features; of a
    /// row only features that are not shared are looked at. Scores stand row by row, with as many for each as
    /// there are outputs.
    @_lifetime(scores: copy scores)
    public func score(
        _ rows: Span<Float>, into scores: inout MutableSpan<Double>, _ scratch: inout ModelScratch
    ) {
        unsafe rows.withUnsafeBufferPointer { rows in
            unsafe scores.withUnsafeMutableBufferPointer { unsafe scoreAny(rows, $0, &scratch) }
        }
    }

    /// The same of values that are truly Doubles, as LightGBM compares them.
    @_lifetime(scores: copy scores)
    public func score(
        _ rows: Span<Double>, into scores: inout MutableSpan<Double>, _ scratch: inout ModelScratch
    ) {
        unsafe rows.withUnsafeBufferPointer { rows in
            unsafe scores.withUnsafeMutableBufferPointer { unsafe scoreAny(rows, $0, &scratch) }
        }
    }

    private func prepareAny<Value: RowValue>(
        _ request: UnsafeBufferPointer<Value>, _ scratch: inout ModelScratch
    ) {
        precondition(request.count == featureCount, "a request's row is as wide as the model has features")
        guard let values = request.baseAddress else { return }
        let kept = unsafe (scratch.memory + scratch.layout.request).assumingMemoryBound(to: Double.self)
        for feature in 0..<featureCount { unsafe kept[feature] = Double(values[feature]) }
        if case .trees(let view) = body {
            let codes = unsafe (scratch.memory + scratch.layout.requestCodes).assumingMemoryBound(
                to: UInt32.self)
            if view.inputs == .single, Value.self == Double.self {
                let floats = unsafe narrow(values, 1, scratch)
                unsafe view.fillCodes(floats, featureCount, 1, shared: true, scratch, codes)
            } else {
                unsafe view.fillCodes(values, featureCount, 1, shared: true, scratch, codes)
            }
            view.prepareMasks(outputCount, scratch)
        }
        scratch.isPrepared = true
    }

    private func scoreAny<Value: RowValue>(
        _ rows: UnsafeBufferPointer<Value>, _ scores: UnsafeMutableBufferPointer<Double>,
        _ scratch: inout ModelScratch
    ) {
        let count = rows.count / featureCount
        precondition(rows.count == count * featureCount, "rows are as wide as the model has features")
        precondition(scores.count == count * outputCount, "there are as many scores as rows and outputs")
        precondition(scratch.isShared.count == featureCount, "a scratch of another model")
        precondition(scratch.isPrepared, "a request's values are taken in before its rows are scored")
        guard let values = rows.baseAddress, let all = scores.baseAddress else { return }
        var done = 0
        while done < count {
            let some = min(ModelScratch.chunk, count - done)
            let sums = unsafe all + done * outputCount
            unsafe scoreSome(values + done * featureCount, some, sums, scratch)
            done += some
        }
    }

    @inline(__always)
    private func scoreSome<Value: RowValue>(
        _ values: UnsafePointer<Value>, _ rows: Int, _ sums: UnsafeMutablePointer<Double>,
        _ scratch: borrowing ModelScratch
    ) {
        switch body {
        case .trees(let view):
            for row in 0..<rows {
                for output in 0..<outputCount { unsafe sums[row * outputCount + output] = view.bases[output] }
            }
            if view.inputs == .single, Value.self == Double.self {
                let floats = unsafe narrow(values, rows, scratch)
                unsafe view.addTrees(floats, featureCount, rows, head, scratch, sums)
            } else {
                unsafe view.addTrees(values, featureCount, rows, head, scratch, sums)
            }
            for row in 0..<rows {
                for output in 0..<outputCount {
                    let place = row * outputCount + output
                    unsafe sums[place] = view.finish(sums[place], output)
                }
            }
        case .graph(let program):
            let rowSpan = unsafe Span(_unsafeStart: values, count: rows * featureCount)
            var scores = unsafe MutableSpan(_unsafeStart: sums, count: rows * outputCount)
            if scratch.isShared.contains(true) {
                let request = unsafe Span<Double>(
                    _unsafeStart: (scratch.memory + scratch.layout.request).assumingMemoryBound(
                        to: Double.self),
                    count: featureCount)
                scratch.graph?.score(program, rowSpan, isShared: scratch.isShared, request, into: &scores)
            } else {
                scratch.graph?.score(program, rowSpan, into: &scores)
            }
        case .linear(let linear):
            let request = unsafe (scratch.memory + scratch.layout.request).assumingMemoryBound(
                to: Double.self)
            for row in 0..<rows {
                unsafe linear.score(head, into: sums + row * outputCount) { feature in
                    unsafe scratch.isShared[feature]
                        ? Float(request[feature]) : Float(values[row * featureCount + feature])
                }
            }
        }
    }

    /// Values as Floats, which is what they are compared as.
    private func narrow<Value: RowValue>(
        _ values: UnsafePointer<Value>, _ rows: Int, _ scratch: borrowing ModelScratch
    ) -> UnsafePointer<Float> {
        let floats = unsafe (scratch.memory + scratch.layout.floats).assumingMemoryBound(to: Float.self)
        for place in 0..<rows * featureCount { unsafe floats[place] = Float(values[place]) }
        return unsafe UnsafePointer(floats)
    }
}
