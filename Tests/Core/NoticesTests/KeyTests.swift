// Keys on disk: what is written is read, and what is not is refused with its line.
import Notices
import Testing
import Units

@Suite struct KeyTests {
    @Test func theFileReadsBack() throws {
        let keys = NoticeKeys([Sample.key(9, made: 77), Sample.key(3, made: 5)])!
        let again = try NoticeKeys(text: keys.text)
        #expect(again.text == keys.text)
        #expect(again.keys.map(\.id) == keys.keys.map(\.id))
        #expect(again.keys.map(\.made.nanoseconds) == [5_000_000_000, 77_000_000_000])
        let token = text(try #require(keys.signing.sign(Sample.notice)).token(for: .player))
        #expect(refusal(again, token, .imp) == nil)
    }

    @Test func refusesWithTheLine() {
        let secret = String(repeating: "ab", count: 32)
        let cases: [(text: String, refusal: String)] = [
            ("", "line 1: found the end of the file; allowed a key"),
            ("# none\n", "line 2: found the end of the file; allowed a key"),
            (
                "1 \(secret)\nx \(secret)\n",
                "line 2: found something else; allowed seconds since 1970, a blank and a secret"
            ),
            (
                "1  \(secret)",
                "line 1: found something else; allowed seconds since 1970, a blank and a secret"
            ),
            (
                "-1 \(secret)",
                "line 1: found something else; allowed seconds since 1970, a blank and a secret"
            ),
            ("1 \(secret)a", "line 1: found a secret of 65 digits; allowed 64"),
            ("1 \(secret)ab", "line 1: found a secret of 66 digits; allowed 64"),
            (
                "1 \(secret.dropLast())G",
                "line 1: found a secret with other characters; allowed hexadecimal digits"
            ),
            (
                String(repeating: "1 \(secret)\n", count: 9), "line 9: found another key; allowed at most 8"
            ),
        ]
        for (text, expected) in cases {
            do throws(NoticeKeyRefusal) {
                _ = try NoticeKeys(text: text)
                Issue.record("taken: \(text)")
            } catch { #expect("\(error)" == expected) }
        }
    }

    @Test func oldKeysGoWhenNothingNeedsThem() {
        let keys = NoticeKeys([Sample.key(1, made: 0), Sample.key(2, made: 100), Sample.key(3, made: 200)])!
        let rotated = keys.rotated(with: Sample.key(4, made: 300), keepingFor: .seconds(100))
        #expect(rotated.keys.map(\.made.nanoseconds) == [100, 200, 300].map { $0 * 1_000_000_000 })
        var many = NoticeKeys([Sample.key(0, made: 0)])!
        for made in 1..<20 {
            many = many.rotated(
                with: Sample.key(UInt8(made), made: Int64(made)), keepingFor: .seconds(1_000_000_000))
        }
        #expect(many.keys.count == NoticeKeys.most && many.signing.made.nanoseconds == 19_000_000_000)
    }
}
