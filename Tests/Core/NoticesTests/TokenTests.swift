// Tokens: what is signed comes back, and nothing else does.
import AllocationCounter
import Notices
import Testing
import Units

@Suite struct TokenTests {
    let keys = NoticeKeys([Sample.key(1, made: 5), Sample.key])!

    @Test func comesBackForItsSender() throws {
        let signed = try #require(keys.signing.sign(Sample.notice))
        for event in NoticeEvent.allCases {
            let token = text(signed.token(for: event.sender))
            #expect(token.utf8.count == NoticeToken.characters)
            #expect(try keys.read(token.raw, for: event, at: Sample.now) == Sample.notice)
        }
        #expect(text(signed.token(for: .player)) != text(signed.token(for: .exchange)))
    }

    @Test func itsReservationIsThereForAnybodyToRead() throws {
        let signed = try #require(keys.signing.sign(Sample.notice))
        for token in [signed.tokens.player, signed.tokens.exchange].map(text) {
            let found = reservation(token)
            #expect(
                found?.session == Sample.notice.session && found?.shard == Sample.notice.shard
                    && found?.sequence == Sample.notice.sequence)
            #expect(reservation(String(token.dropLast())) == nil)
            #expect(reservation("!" + token.dropFirst()) == nil)
        }
        #expect(reservation("") == nil)
    }

    private func reservation(_ token: String) -> (session: UInt64, shard: UInt8, sequence: UInt64)? {
        NoticeToken.reservation(in: token.raw)
    }

    @Test func everyFieldComesBack() throws {
        let seed = UInt64.random(in: 1...1_000_000)
        var random = Randomness(seed: seed)
        for _ in 0..<500 {
            var notice = Notice()
            notice.session = random.next()
            notice.sequence = random.next() & Notice.sequenceMost
            notice.shard = UInt8(truncatingIfNeeded: random.next())
            notice.ad = UInt8(truncatingIfNeeded: random.next())
            notice.mark = UInt32(truncatingIfNeeded: random.next())
            notice.decision = random.next()
            notice.expires = Instant(nanoseconds: Int64(random.next() >> 32) * 1_000_000_000)
            notice.window = UInt32(truncatingIfNeeded: random.next())
            notice.campaign = IDHash(UInt32(truncatingIfNeeded: random.next()))
            notice.lineItem = IDHash(UInt32(truncatingIfNeeded: random.next()))
            notice.creative = IDHash(UInt32(truncatingIfNeeded: random.next()))
            notice.highest = Micros(Int64(random.next() & UInt64(Notice.priceMost.rawValue)))
            notice.reserved = Micros(Int64(random.next() & UInt64(Notice.priceMost.rawValue)))
            (notice.viewer, notice.household) = (random.next(), random.next())
            notice.isBilledByImpression = random.next() & 1 == 1
            notice.mayJournal = random.next() & 1 == 1
            let token = text(try #require(keys.signing.sign(notice)).token(for: .exchange))
            #expect(try keys.open(token.raw).notice == notice, "seed \(seed)")
        }
    }

    /// Tokens are the same in every process and version, or a replay would not give the same bytes. These were made by
    /// a program of a dozen lines in Python, from the layout as it is written down.
    @Test func isFixed() throws {
        let signed = try #require(Sample.key.sign(Sample.notice))
        #expect(text(signed.token(for: .player)) == Self.player)
        #expect(text(signed.token(for: .exchange)) == Self.exchange)
    }

    static let player =
        "AfcvLtIRIjNEVWZ3iAAcvpkaFAMFAAAAKmr9iRj_________-ttLOoHQB3SFyi8R"
        + "0AClNQ1u6B7vGVmjRlVhRBl4ThpMlLdNLHNDhEziBziKSH4ez0ePB_jnYtG8XPj3"
    static let exchange =
        "AfcvLtIRIjNEVWZ3iAAcvpkaFAMFAAAAKmr9iRj_________-ttLOoHQB3SFyi8R"
        + "0AClNQ1u6B7vGVmjRlVhRBl4ThpMlLdNLHNDhEziBziKSDMK4tzKmgPtwapDJZaE"

    @Test func refusesWhatWasNotSigned() throws {
        let signed = try #require(keys.signing.sign(Sample.notice))
        let token = text(signed.token(for: .player))
        let letters = Array(token)
        for at in letters.indices {
            for letter in ["A", "B", "_", "0"] where Character(letter) != letters[at] {
                let forged = String(changed(letters) { $0[at] = Character(letter) })
                // The first eight characters are the format and the key; the others are under the code.
                let reason = refusal(keys, forged, .imp)
                #expect(reason == .forged || at < 7 && (reason == .malformed || reason == .foreign), "\(at)")
            }
        }
        for malformed in [
            "", "x", String(token.dropLast()), token + "A", String(repeating: "é", count: 64),
            String(repeating: "=", count: 128), String(repeating: "A", count: 128), token.uppercased() + "%",
        ] { #expect(refusal(keys, malformed, .imp) == .malformed, "\(malformed)") }
    }

    @Test func refusesOthersAndEndedOnes() throws {
        let token = text(try #require(Sample.key(200).sign(Sample.notice)).token(for: .player))
        #expect(refusal(keys, token, .imp) == .foreign)
        let own = try #require(keys.signing.sign(Sample.notice))
        let (player, exchange) = (text(own.token(for: .player)), text(own.token(for: .exchange)))
        let end = Sample.notice.expires
        #expect(refusal(keys, player, .imp, at: end) == nil)
        #expect(refusal(keys, player, .imp, at: end + .milliseconds(1)) == .stale)
        #expect(refusal(keys, player, .bill) == .wrongEvent)
        #expect(refusal(keys, player, .loss) == .wrongEvent)
        #expect(refusal(keys, exchange, .imp) == .wrongEvent)
        #expect(refusal(keys, exchange, .bill) == nil)
        // An old key verifies as long as it is kept.
        let old = text(try #require(keys.keys[0].sign(Sample.notice)).token(for: .player))
        #expect(refusal(keys, old, .imp) == nil)
        #expect(refusal(NoticeKeys([Sample.key])!, old, .imp) == .foreign)
    }

    /// What was bid and for whom stands in no token in clear.
    @Test func sealsPricesAndViewers() throws {
        let plain = try #require(keys.signing.sign(Sample.notice))
        let other = try #require(keys.signing.sign(changed(Sample.notice) { $0.decision -= 1 }))
        // The same prices and viewer, in another decision: another pad, and so other bytes everywhere.
        let (a, b) = (text(plain.token(for: .player)), text(other.token(for: .player)))
        // The seal is characters 67 to 109; 1 in 64 of them is the same by chance.
        let differing = zip(a.utf8, b.utf8).dropFirst(67).prefix(42).count { $0 != $1 }
        #expect(differing > 34, "of 42 characters that hold sealed bytes")
    }

    @Test func refusesToSignWhatDoesNotFit() {
        let beyond: [Notice] = [
            changed(Sample.notice) { $0.sequence = Notice.sequenceMost + 1 },
            changed(Sample.notice) { $0.highest = Notice.priceMost + Micros(1) },
            changed(Sample.notice) { $0.reserved = Micros(-1) },
            changed(Sample.notice) { $0.expires = Notice.expiryMost + .seconds(1) },
            changed(Sample.notice) { $0.expires = Instant(nanoseconds: -1) },
        ]
        for notice in beyond {
            let isSigned = Sample.key.sign(notice) != nil
            #expect(!isSigned)
        }
    }

    @Test(.enabled(if: allocations_are_counted() == 1, "a sanitizer brings its own malloc"))
    func signsAndReadsWithoutAllocating() throws {
        let (keys, notice) = (keys, Sample.notice)
        var memory = NoticeMemory(ads: 64)
        let price = Array("11.237".utf8)
        let sealed = Array("YWJjMTIzZGVmNDU2Z2hpN7fhCuPemC32prpWWw".utf8)
        let sample = try #require(keys.signing.sign(notice))
        let token = Array(text(sample.token(for: .exchange)).utf8)
        var allocated: (signing: UInt64, reading: UInt64, counting: UInt64) = (1, 1, 1)
        for _ in 0..<3 {
            var before = allocations_of_thread()
            if let signed = keys.signing.sign(notice) {
                _ = signed.token(for: .player)
                _ = signed.token(for: .exchange)
            }
            allocated.signing = allocations_of_thread() - before
            before = allocations_of_thread()
            do throws(NoticeRefusal) {
                _ = try keys.read(token.span.raw, for: .bill, at: Sample.now)
            } catch { Issue.record("\(error)") }
            allocated.reading = allocations_of_thread() - before
            before = allocations_of_thread()
            _ = memory.count(.bill, of: notice, at: Sample.now)
            _ = NoticePrice(price.span.raw, of: notice, from: .exchange, nil)
            _ = NoticePrice(sealed.span.raw, of: notice, from: .exchange, PriceTests.seal)
            allocated.counting = allocations_of_thread() - before
        }
        // Refusals are thrown, for which the testing library's own hook allocates.
        #expect(allocated == (0, 0, 0))
    }
}
