// Changes in a shared stream: what is written is read again, and what is none is told apart.
import Features
import Testing
import Units

@Suite struct SharedChangeTests {
    private func bytes(_ shared: SharedChange) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xAA, count: SharedChange.byteCount)
        var span = bytes.mutableSpan
        var writer = ByteWriter(span.mutableRaw)
        shared.write(to: &writer)
        #expect(writer.fits && writer.count == SharedChange.byteCount)
        return bytes
    }

    @Test func whatIsWrittenIsRead() throws {
        var random = SplitMix64(state: 4)
        for _ in 0..<1_000 {
            let entity = FeatureEntity.stored[Int(random.next() % UInt64(FeatureEntity.stored.count))]
            let (key, at) = (random.next() | 1, UInt32(truncatingIfNeeded: random.next()))
            let change: ProfileChange =
                random.next() % 2 == 0
                ? .value(Float(random.next() % 1_000) / 7, of: 3, entity, key: key, at: at)
                : .event(
                    2, entity, key: key, at: at, amount: Int64(bitPattern: random.next()) >> 20,
                    item: random.next())
            let shared = SharedChange(
                schema: random.next(), writer: random.next(), sequence: random.next(),
                told: UInt32(truncatingIfNeeded: random.next()), change: change)
            let bytes = bytes(shared)
            #expect(SharedChange(bytes.span.bytes) == shared)
            #expect(bytes[60...].allSatisfy { $0 == 0 })
        }
    }

    @Test func whatIsNoneIsToldApart() {
        let change = ProfileChange.value(1, of: 0, .user, key: 7, at: 5)
        let good = bytes(SharedChange(schema: 1, writer: 2, sequence: 3, told: 5, change: change))
        func isTaken(_ edit: (inout [UInt8]) -> Void) -> Bool {
            var bytes = good
            edit(&bytes)
            return SharedChange(bytes.span.bytes) != nil
        }
        #expect(isTaken { _ in })
        #expect(!isTaken { $0.removeLast() })
        #expect(!isTaken { $0.append(0) })
        #expect(!isTaken { $0 = [] })
        #expect(!isTaken { for at in 24..<32 { $0[at] = 0 } }, "nobody's")
        #expect(!isTaken { $0[58] = 0 }, "a request has no profile")
        #expect(!isTaken { $0[58] = 200 })
        #expect(!isTaken { $0[59] = 2 })
        #expect(isTaken { $0[63] = 9 }, "a later version may say more")
    }
}
