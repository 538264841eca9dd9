// Digests and keyed codes against what their standards print, and against Python's own on random bytes.
import AllocationCounter
import CSIMD
import Digests
import Foundation
import Testing
import Units

extension SHA256Digest {
    var hex: String { (0..<Self.byteCount).map { String(format: "%02x", self[$0]) }.joined() }
}

extension SHA1Digest {
    var hex: String { (0..<Self.byteCount).map { String(format: "%02x", self[$0]) }.joined() }
}

func hex(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }

@Suite struct DigestTests {
    /// FIPS 180-4's examples, the empty message, and a million letters.
    static let published: [(message: [UInt8], digest: String)] = [
        ([], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (Array("abc".utf8), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        ),
    ]

    @Test func agreesWithTheStandard() {
        for (message, digest) in Self.published {
            #expect(SHA256.digest(of: message.span.raw).hex == digest)
        }
    }

    /// RFC 4231: keys and data shorter, as long as and longer than a block.
    @Test func keyedCodesAgreeWithTheirStandard() {
        let cases: [(key: [UInt8], message: [UInt8], code: String)] = [
            (
                [UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xAA, count: 20), [UInt8](repeating: 0xDD, count: 50),
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
            ),
            (
                [UInt8](repeating: 0xAA, count: 131),
                Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ]
        for (key, message, code) in cases {
            #expect(HMACSHA256(key: key.span.raw).code(of: message.span.raw).hex == code)
        }
        // RFC 2202.
        let sha1: [(key: [UInt8], message: [UInt8], code: String)] = [
            (
                [UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8),
                "b617318655057264e28bc0b6fb378c8ef146be00"
            ),
            (
                Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
                "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
            ),
            (
                [UInt8](repeating: 0xAA, count: 80),
                Array("Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data".utf8),
                "e8e99d0f45237d786d6bbaa7965c7808bbff1a91"
            ),
        ]
        for (key, message, code) in sha1 {
            #expect(HMACSHA1(key: key.span.raw).code(of: message.span.raw).hex == code)
        }
    }

    /// Both ways to compress give the same state, and pieces give what the whole does.
    @Test func waysAndPiecesAgree() {
        let seed = UInt64.random(in: 1...1_000_000)
        var randomness = Randomness(seed: seed)
        for _ in 0..<200 {
            let blocks = randomness.next(in: 1...5)
            let bytes = (0..<64 * blocks).map { _ in UInt8(truncatingIfNeeded: randomness.next()) }
            var fast = (0..<8).map { _ in UInt32(truncatingIfNeeded: randomness.next()) }
            var portable = fast
            csimd_sha256(&fast, bytes, blocks)
            csimd_sha256_portable(&portable, bytes, blocks)
            #expect(fast == portable, "seed \(seed)")

            let cut = randomness.next(in: 0...bytes.count - 1)
            var pieces = SHA256()
            pieces.add(Array(bytes[..<cut]).span.raw)
            pieces.add(Array(bytes[cut..<bytes.count - 1]).span.raw)
            let whole = SHA256.digest(of: Array(bytes.dropLast()).span.raw)
            #expect(pieces.digest().hex == whole.hex, "seed \(seed), cut at \(cut)")
        }
    }

    /// Every length around the edges of blocks, with keys of all lengths.
    @Test func agreesWithPython() throws {
        let seed = UInt64.random(in: 1...1_000_000)
        var randomness = Randomness(seed: seed)
        var lines: [String] = []
        var expected: [String] = []
        for length in 0..<300 {
            let message = (0..<length).map { _ in UInt8(truncatingIfNeeded: randomness.next()) }
            let key = (0..<randomness.next(in: 0...200)).map { _ in
                UInt8(truncatingIfNeeded: randomness.next())
            }
            lines.append("\(hex(key)) \(hex(message))")
            var text = [UInt8](repeating: 0, count: Base64URL.characters(forBytes: length))
            var room = text.mutableSpan
            #expect(Base64URL.encode(message.span.raw, into: &room) == text.count)
            expected.append(
                [
                    SHA256.digest(of: message.span.raw).hex,
                    HMACSHA256(key: key.span.raw).code(of: message.span.raw).hex,
                    HMACSHA1(key: key.span.raw).code(of: message.span.raw).hex,
                    String(decoding: text, as: UTF8.self),
                ].joined(separator: " "))
        }
        let script = """
            import base64, hashlib, hmac, sys
            for line in sys.stdin:
                key, message = [bytes.fromhex(part) for part in line.rstrip('\\n').split(' ')]
                print(hashlib.sha256(message).hexdigest(), hmac.new(key, message, 'sha256').hexdigest(),
                      hmac.new(key, message, 'sha1').hexdigest(),
                      base64.urlsafe_b64encode(message).decode().rstrip('='))
            """
        let answer = try python(script, lines.joined(separator: "\n") + "\n")
        #expect(answer == expected.joined(separator: "\n") + "\n", "seed \(seed)")
    }

    @Test func textsHaveOneSpelling() {
        let cases: [(text: String, padding: Bool, bytes: [UInt8]?)] = [
            ("", false, []), ("AA", false, [0]), ("AAA", false, [0, 0]), ("_-9A", false, [0xFF, 0xEF, 0x40]),
            ("A", false, nil), ("AAAAA", false, nil), ("AA==", false, nil), ("AA==", true, [0]),
            ("AAA=", true, [0, 0]), ("A===", true, nil), ("AA=", true, nil), ("AB", false, nil),
            ("AAB", false, nil), ("A+/A", false, nil), ("AA A", false, nil), ("====", true, nil),
            ("AAAAAAAA", false, nil),
        ]
        for (text, padding, bytes) in cases {
            var room = [UInt8](repeating: 0, count: 5)
            var span = room.mutableSpan
            let count = Base64URL.decode(text.utf8Span.span.raw, into: &span, allowsPadding: padding)
            #expect(count.map { Array(room[..<$0]) } == bytes, "\(text)")
        }
    }

    @Test(.enabled(if: allocations_are_counted() == 1, "a sanitizer brings its own malloc"))
    func codesAreMadeWithoutAllocating() {
        let message = [UInt8](repeating: 7, count: 200)
        let (key, old) = (HMACSHA256(key: message.span.raw), HMACSHA1(key: message.span.raw))
        var (sum, allocated) = (0, UInt64(1))
        // The first round may still set up what lasts.
        for _ in 0..<3 {
            let before = allocations_of_thread()
            sum += Int(key.code(of: message.span.raw)[0]) + Int(old.code(of: message.span.raw)[0])
            allocated = allocations_of_thread() - before
        }
        #expect(allocated == 0 && sum > 0)
    }
}

/// What a script prints for this input.
func python(_ script: String, _ input: String) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["timeout", "30", "python3", "-c", script]
    let (source, sink) = (Pipe(), Pipe())
    (process.standardInput, process.standardOutput) = (source, sink)
    try process.run()
    // Less than a pipe holds is asked back at once; more has to be written while it is read.
    let writer = Thread { [source] in
        source.fileHandleForWriting.write(Data(input.utf8))
        try? source.fileHandleForWriting.close()
    }
    writer.start()
    let answer = try sink.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return String(decoding: answer, as: UTF8.self)
}
