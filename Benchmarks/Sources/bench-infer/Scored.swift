// One model and the rows that it scores, and how long that takes.
import BenchKit
import Foundation
import Inference

struct Scored: Sendable {
    let model: Model
    private let rows: [Float]
    private static let seconds = 0.1

    init(model path: String, rows: String) throws {
        do {
            let content = try ModelReader.read([UInt8](Data(contentsOf: URL(fileURLWithPath: path))))
            model = try Model(copying: ModelCompiler.compile(content))
        } catch { throw Impossible("\(path): \(error)") }
        let bytes = try Data(contentsOf: URL(fileURLWithPath: rows))
        self.rows = bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }

    private static func now() -> Double { Double(DispatchTime.now().uptimeNanoseconds) }

    /// Requests of so many rows, one after the other: nanoseconds per row, with what the request's own
    /// features take.
    func nanoseconds(batch: Int, shared: Set<Int>) -> Double {
        let (time, count) = run(batch: batch, shared: shared, seconds: Self.seconds)
        return time / Double(count)
    }

    func rowsPerSecond(_ seconds: Double) -> Double {
        let (time, count) = run(batch: 64, shared: [], seconds: seconds)
        return Double(count) * 1e9 / time
    }

    private func run(batch: Int, shared: Set<Int>, seconds: Double) -> (nanoseconds: Double, rows: Int) {
        let width = model.featureCount
        var scratch = ModelScratch(for: model, shared: shared)
        var scores = [Double](repeating: 0, count: batch * model.outputCount)
        let all = rows.count / width
        // The clock is read once for so many requests.
        let turn = max(1, 64 / batch)
        let start = Self.now()
        var (done, at) = (0, 0)
        var end = start
        repeat {
            for _ in 0..<turn {
                if at + batch > all { at = 0 }
                let values = rows.span.extracting(at * width..<(at + batch) * width)
                if !shared.isEmpty { model.prepare(values.extracting(0..<width), &scratch) }
                var target = scores.mutableSpan
                model.score(values, into: &target, &scratch)
                at += batch
                done += batch
            }
            end = Self.now()
        } while end - start < seconds * 1e9
        return (end - start, done)
    }
}
