// Compiled files that were cut, changed or are of another version; and files whose checksum fits all the
// same.
import Testing
import Units

@testable import Inference

@Suite struct CompiledFileTests {
    /// One of each evaluator, and a linear model.
    private static let files: [[UInt8]] = {
        var generator = EnsembleGenerator(seed: 5)
        var files: [[UInt8]] = []
        for walking in [false, true] {
            while true {
                let ensemble = generator.ensemble()
                guard ensemble.trees.count > 1, ensemble.trees.count < 50, ensemble.featureCount > 3,
                    let bytes = try? EnsembleCompiler(ensemble).compile(walking: walking)
                else { continue }
                files.append(bytes)
                break
            }
        }
        let linear = LinearModel(
            featureCount: 3, featureNames: ["a", "b", "c"], outputCount: 1, bases: [1], weights: [1, 2, 3],
            transform: .identity)
        return files + [LinearCompiler.compile(linear)]
    }()

    private func reason(_ bytes: [UInt8]) -> CompiledRefused.Reason? {
        do throws(CompiledRefused) {
            _ = try Model(copying: bytes)
            return nil
        } catch { return error.reason }
    }

    @Test(arguments: files.indices) func wholeFilesLoad(_ file: Int) {
        #expect(reason(Self.files[file]) == nil)
    }

    @Test(arguments: files.indices) func cutFilesAreRefused(_ file: Int) {
        let bytes = Self.files[file]
        for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 200)) {
            let found = reason(Array(bytes[..<length]))
            #expect(
                found == (length < 64 ? .tooShort : .truncated(expected: UInt64(bytes.count))), "\(length)")
        }
        #expect(reason(bytes + [0]) == .trailing(expected: UInt64(bytes.count)))
    }

    @Test(arguments: files.indices) func changedFilesAreRefused(_ file: Int) {
        let bytes = Self.files[file]
        for place in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 300)) {
            var changed = bytes
            changed[place] ^= 0x10
            #expect(reason(changed) != nil, "byte \(place)")
        }
    }

    @Test func otherVersionsAreRefused() {
        for (version, expected) in [(UInt8(2), CompiledRefused.Reason.newer(2)), (0, .older(0))] {
            var bytes = Self.files[0]
            bytes[8] = version
            #expect(reason(bytes) == expected)
        }
        var bytes = Self.files[0]
        bytes[0] = UInt8(ascii: "X")
        #expect(reason(bytes) == .notAModel)
        bytes = Self.files[0]
        bytes[24] = 9
        #expect(reason(withChecksum(bytes)) == .kind(9))
    }

    /// What a checksum cannot find must not harm either: refused, or scored within memory and time.
    @Test(arguments: files.indices) func hostileFilesDoNoHarm(_ file: Int) {
        var random = Randomness(seed: UInt64(file))
        let bytes = Self.files[file]
        var (refused, scored) = (0, 0)
        for _ in 0..<600 {
            var changed = bytes
            for _ in 0..<random.next(in: 1...3) {
                let place = random.next(in: 16...bytes.count - 1)
                changed[place] = UInt8(truncatingIfNeeded: random.next())
            }
            guard let model = try? Model(copying: withChecksum(changed)) else {
                refused += 1
                continue
            }
            scored += 1
            guard model.featureCount < 1_000, model.outputCount < 1_000 else { continue }
            let rows = (0..<5).map { _ in (0..<model.featureCount).map { _ in random.nextUnit() * 40 - 4 } }
            for variant in KernelVariant.allCases where variant.runs {
                _ = score(model, rows, shared: [], variant)
            }
        }
        #expect(refused > 0 && scored > 0, "\(refused) refused, \(scored) scored")
    }

    private func withChecksum(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        let checksum = CRC32C.checksum(of: bytes.span.raw.extracting(16..<bytes.count))
        for index in 0..<4 { bytes[12 + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index)) }
        return bytes
    }
}
