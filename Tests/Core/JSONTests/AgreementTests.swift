// The reader against others: every kernel variant against the portable one, and all of them against a plain
// reference, on random documents and on damaged ones.
import CSIMD
import Foundation
import JSON
import Testing
import Units

@Suite struct AgreementTests {
    /// Seconds of tests are enough for every change; PACELINE_LONG=1 looks for longer.
    static let rounds = ProcessInfo.processInfo.environment["PACELINE_LONG"] == nil ? 3_000 : 3_000_000
    static let variants = [CSIMD_PORTABLE, CSIMD_AVX2, CSIMD_AVX512].filter { csimd_variant_runs($0) }

    /// What a variant finds: its tokens, or nil if it refuses the document.
    static func tokens(_ variant: csimd_variant, _ bytes: [UInt8], depth: UInt32 = 64) -> [[UInt32]]? {
        let room = bytes.count + Int(CSIMD_JSON_SLACK)
        var positions = [UInt32](repeating: 9, count: room), partners = positions
        var kinds = [UInt8](repeating: 9, count: room)
        let found = Int(
            csimd_json_index_by(variant, bytes, bytes.count, &positions, &partners, &kinds, depth))
        guard found >= 0 else { return nil }
        return (0..<found).map { i in
            [positions[i], UInt32(kinds[i]), kinds[i] == 0x7B || kinds[i] == 0x5B ? partners[i] : 0]
        } + [[UInt32(kinds[found])]]
    }

    static func agree(_ bytes: [UInt8], _ note: String) {
        let accepted = Reference.accepts(bytes)
        let expected = tokens(CSIMD_PORTABLE, bytes)
        for variant in variants {
            #expect(tokens(variant, bytes) == expected, "variant \(variant.rawValue), \(note): \(bytes)")
        }
        let error = error(in: bytes)
        #expect(
            (error == nil) == accepted && error?.reason != .malformed,
            "\(note): \(String(describing: error)) \(bytes)")
    }

    @Test func onRandomDocuments() {
        var documents = RandomDocuments(seed: 20)
        for round in 0..<Self.rounds {
            var bytes = documents.document(size: round % 100)
            #expect(error(in: bytes) == nil, "round \(round)")
            Self.agree(bytes, "seed 20, round \(round)")
            documents.damage(&bytes)
            Self.agree(bytes, "seed 20, round \(round), damaged")
        }
    }

    /// Every place that a token can have in a vector, and every neighbour.
    @Test func onEveryAlignment() {
        let pieces = [
            "{\"a\":-1.5e3}", "[\"\\\\\\\"\",\"\\\\\"]", "0", "-0", "[01]", "true", "[truf]",
            "\"\\uD83D\\uDE00\"", "\"漢\"", "[[],{}]", "\"\\\\\"", "12345678901234567890",
        ]
        for piece in pieces {
            for offset in 0..<130 {
                Self.agree(
                    Array(("[" + String(repeating: " ", count: offset) + piece + ",1]").utf8),
                    "\(piece) at \(offset)")
                Self.agree(
                    Array(("[\"" + String(repeating: "\\\\", count: offset) + "\"," + piece + "]").utf8),
                    "\(piece) after \(offset)")
                Self.agree(
                    Array(("[" + String(repeating: "9", count: offset + 1) + "," + piece + "]").utf8),
                    "\(piece) after digits \(offset)")
                Self.agree(
                    Array(
                        ("[\"" + String(repeating: "\\\\", count: offset) + "\\\"" + "\"," + piece + "]").utf8
                    ), "\(piece) quoted \(offset)")
            }
        }
    }

    @Test func onRandomBytes() {
        var randomness = Randomness(seed: 21)
        let alphabet = Array("{}[]:,\"\"\"\\01-.eEtrufalsn  \n".utf8)
        for round in 0..<Self.rounds * 2 {
            let bytes = (0..<randomness.next(in: 0...12)).map { _ in
                alphabet[randomness.next(in: 0...alphabet.count - 1)]
            }
            Self.agree(bytes, "seed 21, round \(round)")
        }
    }

    /// Python's parser as an outside opinion. It takes more than RFC 8259 in known ways, which the program
    /// switches off.
    @Test func withPython() throws {
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/python3") else {
            print("skipped: /usr/bin/python3 is missing")
            return
        }
        var documents = RandomDocuments(seed: 22)
        var all: [[UInt8]] = []
        for round in 0..<2_000 {
            var bytes = documents.document(size: round % 60)
            if round % 4 > 0 { documents.damage(&bytes) }
            all.append(bytes)
        }
        let program = """
            import json, sys
            def no(x): raise ValueError(x)
            for line in sys.stdin:
                try:
                    text = bytes.fromhex(line).decode('utf-8')
                    json.dumps(json.loads(text, parse_constant=no, parse_int=str, parse_float=str), ensure_ascii=False).encode('utf-8')
                    print(1 if text[:1] != '\\ufeff' else 0)
                except (ValueError, RecursionError): print(0)
            """
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(
            "paceline-json-\(UUID().uuidString)")
        try Data(
            (all.map { $0.map { String(format: "%02x", $0) }.joined() }.joined(separator: "\n") + "\n").utf8
        ).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = ["-c", program]
        process.standardInput = try FileHandle(forReadingFrom: file)
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let verdicts = String(decoding: output, as: UTF8.self).split(separator: "\n").map { $0 == "1" }
        #expect(verdicts.count == all.count)
        for (bytes, accepted) in zip(all, verdicts) {
            #expect((error(in: bytes) == nil) == accepted, "\(String(decoding: bytes, as: UTF8.self))")
        }
    }
}
