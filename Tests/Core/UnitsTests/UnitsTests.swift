// Identifiers and seeded randomness.
import Testing
import Units

private enum Campaign {}

@Suite struct IDTests {
    @Test func namesWithoutCost() {
        let id = ID<Campaign>(7)
        #expect(MemoryLayout<ID<Campaign>>.size == 8)
        #expect(id.description == "7" && id < ID(8) && Set([id, ID(7)]).count == 1)
    }
}

@Suite struct HexNumberTests {
    @Test func hasAllDigits() {
        var randomness = Randomness(seed: 8)
        for number in [0, 9, 10, 0x0123_4567_89AB_CDEF, .max] + (0..<100).map({ _ in randomness.next() }) {
            #expect(String(copying: HexNumber(number).utf8) == hexadecimal(number))
        }
    }
}

@Suite struct ByteWriterTests {
    /// What did not fit is not written over either.
    @Test(arguments: [(12, "12345abc"), (7, "12345\0\0")])
    func writesOver(room: Int, expected: String) {
        var bytes = [UInt8](repeating: 0, count: room)
        var span = bytes.mutableSpan
        var writer = ByteWriter(span.mutableRaw)
        writer.put("12345")
        writer.put("xyz")
        let count = writer.count
        writer.overwrite("abc".utf8Span.span.raw, at: 5)
        writer.put(bytesOf: UInt32(0x3433_3231).littleEndian)
        #expect(count == 8 && writer.count == 12 && writer.fits == (room == 12))
        #expect(String(decoding: bytes.prefix(8), as: UTF8.self) == expected)
        #expect(bytes.dropFirst(8) == (room == 12 ? [0x31, 0x32, 0x33, 0x34] : []))
    }
}

@Suite struct RandomnessTests {
    /// From the algorithms' published reference code, with the seeds named.
    @Test func givesTheReferenceNumbers() {
        var seeds = SplitMix64(state: 1_234_567)
        #expect(
            (0..<5).map { _ in seeds.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
        var randomness = Randomness(seed: 0)
        #expect(
            (0..<4).map { _ in randomness.next() } == [
                11_091_344_671_253_066_420, 13_793_997_310_169_335_082, 1_900_383_378_846_508_768,
                7_684_712_102_626_143_532,
            ])
    }

    @Test func splitsIntoStreamsThatDiffer() {
        var randomness = Randomness(seed: 3)
        var copy = randomness
        var (a, b) = (randomness.split(), randomness.split())
        var again = copy.split()
        let first = (0..<100).map { _ in a.next() }
        #expect(first == (0..<100).map { _ in again.next() })
        let others = (0..<100).map { _ in b.next() } + (0..<100).map { _ in randomness.next() }
        #expect(Set(first + others).count == 300)
    }

    @Test func isEven() {
        var randomness = Randomness(seed: 4)
        // Two thirds of 2^64: by remainder, the lower half of the range would come twice as often.
        let bound: UInt64 = 3 << 62
        let low = (0..<10_000).count { _ in randomness.next(below: bound) < bound / 2 }
        #expect((4_800...5_200).contains(low))
        var seen = Set<Int>()
        for _ in 0..<1_000 { seen.insert(randomness.next(in: -3...3)) }
        #expect(seen == Set(-3...3))
        _ = randomness.next(in: Int.min...Int.max)
        let units = (0..<10_000).map { _ in randomness.nextUnit() }
        #expect(units.allSatisfy { (0..<1).contains($0) } && abs(units.reduce(0, +) / 10_000 - 0.5) < 0.02)
    }
}
