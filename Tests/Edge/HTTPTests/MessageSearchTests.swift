// The byte searches beneath the whole grammar against their portable twins.
import CSIMD
import Testing

@Suite struct MessageSearchTests {
    @Test func theVectorSearchesAgreeWithTheirTwins() {
        var random = MessageRandom(state: 7)
        // The array is exactly as long as is said, so that a sanitizer sees a byte read too many; and what lies in it around
        // the range that is asked about changes nothing.
        for length in 0..<140 {
            for round in 0..<8 {
                // Mostly plain bytes, so that searches get far; then every byte there is.
                let bytes = (0..<length).map { _ in
                    random.below(8) < round ? UInt8(random.below(256)) : UInt8(ascii: "a")
                }
                bytes.withUnsafeBufferPointer { buffer in
                    let base = buffer.baseAddress
                    for from in stride(from: 0, through: length, by: 1 + random.below(7)) {
                        for to in stride(from: from, through: length, by: 1 + random.below(17)) {
                            #expect(
                                csimd_http_unplain(base, from, to, length)
                                    == csimd_http_unplain_portable(base, from, to))
                            #expect(
                                csimd_http_target_end(base, from, to, length)
                                    == csimd_http_target_end_portable(base, from, to))
                            #expect(
                                csimd_http_undigit(base, from, to, length)
                                    == csimd_http_undigit_portable(base, from, to))
                            #expect(
                                csimd_http_unprinted(base, from, to)
                                    == csimd_http_unprinted_portable(base, from, to))
                        }
                    }
                }
            }
        }
    }
}
