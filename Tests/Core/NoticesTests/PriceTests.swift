// Prices of notices, in clear and sealed.
import Foundation
import Notices
import Testing
import Units

@Suite struct PriceTests {
    /// The keys and texts that the scheme's documentation gives as examples.
    static let keys = (
        encryption: Data(base64Encoded: "skU7Ax/NL5pPAFyKdkfZjZz2+VhIN8bjj1rVFOaJ/5o=")!,
        integrity: Data(base64Encoded: "arO23ykdNqUQ5LEoQ0FVmPkBd7xB5CO89PDZlSjpFxo=")!
    )

    static let seal = PriceSeal(
        encryptionKey: Array(keys.encryption).span.raw, integrityKey: Array(keys.integrity).span.raw)

    @Test(arguments: [
        ("YWJjMTIzZGVmNDU2Z2hpN7fhCuPemCce_6msaw", 100), ("YWJjMTIzZGVmNDU2Z2hpN7fhCuPemCAWJRxOgA", 1_900),
        ("YWJjMTIzZGVmNDU2Z2hpN7fhCuPemC32prpWWw", 2_700),
    ])
    func opensPublishedPrices(_ text: String, _ micros: Int64) {
        #expect(Self.seal.open(text.raw) == Micros(micros))
        #expect(Self.seal.open("\(text)==".raw) == Micros(micros))
        let letters = Array(text)
        for at in letters.indices {
            let forged = String(changed(letters) { $0[at] = letters[at] == "A" ? "E" : "A" })
            #expect(Self.seal.open(forged.raw) == nil, "\(at)")
        }
    }

    @Test func opensWhatAnExchangeSeals() throws {
        let seed = Int.random(in: 1...1_000_000)
        let script = """
            import base64, hmac, random, sys
            encryption, integrity = [base64.b64decode(key) for key in sys.stdin.read().split()]
            numbers = random.Random(\(seed))
            for _ in range(300):
                price, iv = numbers.randrange(2 ** numbers.randrange(1, 63)), numbers.randbytes(16)
                pad = hmac.new(encryption, iv, 'sha1').digest()
                plain = price.to_bytes(8, 'big')
                code = hmac.new(integrity, plain + iv, 'sha1').digest()[:4]
                sealed = iv + bytes(a ^ b for a, b in zip(plain, pad)) + code
                print(price, base64.urlsafe_b64encode(sealed).decode().rstrip('=' * numbers.randrange(2)))
            """
        let keys =
            "\(Self.keys.encryption.base64EncodedString()) \(Self.keys.integrity.base64EncodedString())"
        let lines = try python(script, keys).split(separator: "\n")
        #expect(lines.count == 300)
        for line in lines {
            let parts = line.split(separator: " ")
            #expect(
                Self.seal.open(String(parts[1]).raw) == Int64(parts[0]).map { Micros($0) }, "seed \(seed)")
        }
    }

    /// Bid: 12.50 for a thousand.
    @Test(arguments: [
        ("12.5", 12_500_000, PriceBasis.stated), ("10", 10_000_000, .stated), ("0.000001", 1, .stated),
        ("1e1", 10_000_000, .stated), ("11.237", 11_237_000, .stated), ("", 12_500_000, .missing),
        ("${AUCTION_PRICE}", 12_500_000, .missing), ("%24%7BAUCTION_PRICE%7D", 12_500_000, .missing),
        ("12.500001", 12_500_001, .aboveHighest), ("1250", 1_250_000_000, .aboveHighest),
        ("1250.000001", 12_500_000, .absurd), ("9e12", 12_500_000, .absurd),
        ("9e99", 12_500_000, .unreadable), ("0", 0, .stated), ("0.000", 0, .stated),
        ("-3", 12_500_000, .unreadable),
        ("12,5", 12_500_000, .unreadable), ("NaN", 12_500_000, .unreadable),
        ("0.0000001", 12_500_000, .unreadable), ("+1", 12_500_000, .unreadable),
    ])
    func readsClearPrices(_ text: String, _ asked: Int64, _ basis: PriceBasis) {
        let price = NoticePrice(text.raw, of: Sample.notice, from: .exchange, nil)
        #expect(price.asked == Micros(asked) && price.basis == basis)
    }

    @Test func believesPlayersOnlyWhatIsSealed() {
        let player = NoticePrice("0.01".raw, of: Sample.notice, from: .player, nil)
        #expect(player.asked == Sample.notice.highest && player.basis == .unproven)
        let sealed = "YWJjMTIzZGVmNDU2Z2hpN7fhCuPemC32prpWWw"
        let proven = NoticePrice(sealed.raw, of: Sample.notice, from: .player, Self.seal)
        #expect(proven.asked == Micros(2_700) && proven.basis == .stated)
        // Where prices are sealed, a clear one proves nothing, whoever sends it.
        for sender in NoticeSender.allCases {
            let clear = NoticePrice("10".raw, of: Sample.notice, from: sender, Self.seal)
            #expect(clear.asked == Sample.notice.highest && clear.basis == .forged)
        }
    }
}

private func python(_ script: String, _ input: String) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["timeout", "30", "python3", "-c", script]
    let (source, sink) = (Pipe(), Pipe())
    (process.standardInput, process.standardOutput) = (source, sink)
    try process.run()
    source.fileHandleForWriting.write(Data(input.utf8))
    try source.fileHandleForWriting.close()
    let answer = try sink.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return String(decoding: answer, as: UTF8.self)
}
