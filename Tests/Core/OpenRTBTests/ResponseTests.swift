// What is written: Foundation reads it back, and macros are replaced as OpenRTB says.
import Foundation
import JSON
import OpenRTB
import Testing
import Units

@Suite struct ResponseTests {
    /// What the body writes as an answer to `id`.
    static func response(
        id: String = "r-1", bytes: Int = 4096,
        _ body: (inout BidResponseWriter) -> Void
    ) throws(JSONError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: bytes)
        var span = buffer.mutableSpan
        var writer = BidResponseWriter(unsafe span.mutableBytes, id: id.utf8Span)
        body(&writer)
        let count = try writer.finish()
        return Array(buffer[..<count])
    }

    static func object(_ bytes: [UInt8]) throws -> NSDictionary {
        try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? NSDictionary)
    }

    @Test func writesEveryField() throws {
        let macros = AuctionMacros()
        let vast = "<VAST version=\"4.2\">\n<Ad id='\\'>\u{1}é</Ad></VAST>"
        let bytes = try Self.response { response in
            response.bidid("b-9".utf8Span)
            response.cur(.usd)
            response.beginSeat("seat-1".utf8Span)
            response.beginBid(id: "1".utf8Span, impid: "imp\"1".utf8Span, price: Micros(12_345_678))
            response.markup(.adm, vast.utf8Span, macros)
            response.markup(.nurl, "https://n.example/?p=${AUCTION_PRICE}".utf8Span, macros)
            response.markup(.burl, "https://b.example/".utf8Span, macros)
            response.markup(.lurl, "https://l.example/".utf8Span, macros)
            response.beginList(.adomain)
            response.element("a.example".utf8Span)
            response.element("b.example".utf8Span)
            response.endList()
            response.beginList(.cat)
            response.element("IAB1".utf8Span)
            response.endList()
            response.beginList(.attr)
            response.element(16)
            response.endList()
            response.beginList(.apis)
            response.endList()
            response.field(.cid, "c".utf8Span)
            response.field(.crid, "cr".utf8Span)
            response.field(.dealid, "d".utf8Span)
            response.field(.adid, "ad".utf8Span)
            response.field(.dur, 30)
            response.field(.exp, 7200)
            response.field(.mtype, MarkupType.video)
            response.field(.slotinpod, SlotInPod.last)
            response.field(.protocol, 13)
            response.endBid()
            response.beginBid(id: "2".utf8Span, impid: "2".utf8Span, price: Micros(1))
            response.endBid()
            response.endSeat(isGroup: true)
            response.beginSeat("seat-2".utf8Span)
            response.endSeat()
        }
        let expected: NSDictionary = [
            "id": "r-1", "bidid": "b-9", "cur": "USD",
            "seatbid": [
                [
                    "seat": "seat-1", "group": 1,
                    "bid": [
                        [
                            "id": "1", "impid": "imp\"1", "price": 12.345678, "adm": vast,
                            "nurl": "https://n.example/?p=${AUCTION_PRICE}", "burl": "https://b.example/",
                            "lurl": "https://l.example/", "adomain": ["a.example", "b.example"],
                            "cat": ["IAB1"], "attr": [16], "apis": [Int](), "cid": "c", "crid": "cr",
                            "dealid": "d", "adid": "ad", "dur": 30, "exp": 7200, "mtype": 2, "slotinpod": -1,
                            "protocol": 13,
                        ], ["id": "2", "impid": "2", "price": 0.000001],
                    ],
                ], ["seat": "seat-2", "bid": [Int]()],
            ],
        ]
        #expect(try Self.object(bytes) == expected)
        // The price is the exact decimal, and no Double's.
        #expect(String(decoding: bytes, as: UTF8.self).contains(#""price":12.345678,"#))
        #expect(String(decoding: bytes, as: UTF8.self).contains(#""price":0.000001}"#))
    }

    @Test func writesNoBids() throws {
        var buffer = [UInt8](repeating: 0, count: 100)
        var span = buffer.mutableSpan
        let count = try BidResponseWriter.noBid(
            NoBidReason.insufficientTime, id: "a\"b".utf8Span, into: unsafe span.mutableBytes)
        #expect(String(decoding: buffer[..<count], as: UTF8.self) == #"{"id":"a\"b","nbr":15}"#)
    }

    /// What does not fit is reported with the size that was needed, and that size is enough.
    @Test func saysWhatRoomIsNeeded() throws {
        let write: (inout BidResponseWriter) -> Void = { response in
            response.beginSeat("seat".utf8Span)
            response.endSeat()
        }
        let whole = try Self.response(write)
        for bytes in 0..<whole.count {
            do throws(JSONError) {
                _ = try Self.response(bytes: bytes, write)
                Issue.record("\(bytes) bytes were enough")
            } catch { #expect(error == JSONError(.bufferTooSmall, at: whole.count)) }
        }
        #expect(try Self.response(bytes: whole.count, write) == whole)
    }

    @Test(arguments: [
        ("no macro", "no macro"), ("", ""), ("$", "$"), ("${AUCTION_", "${AUCTION_"),
        ("${AUCTION_PRICE}", "1.25"), ("a${AUCTION_PRICE}b${AUCTION_ID}c", "a1.25breq\"1c"),
        ("${AUCTION_PRICE}${AUCTION_PRICE}", "1.251.25"),
        // Not known here: the exchange's to replace.
        ("${AUCTION_LOSS}", "${AUCTION_LOSS}"), ("${AUCTION_PRICES}", "${AUCTION_PRICES}"),
        ("${auction_price}", "${auction_price}"), ("${AUCTION_PRICE", "${AUCTION_PRICE"),
        ("${AUCTION_${AUCTION_PRICE}", "${AUCTION_1.25"),
        // Known to be nothing.
        ("[${AUCTION_AD_ID}]", "[]"),
        // Encodings, by agreement only.
        ("${AUCTION_PRICE:ENC}", "x9_"), ("${AUCTION_PRICE:B64}", "${AUCTION_PRICE:B64}"),
        ("${AUCTION_PRICE:EN}", "${AUCTION_PRICE:EN}"), ("${AUCTION_ID:ENC}", "${AUCTION_ID:ENC}"),
        ("${AUCTION_MBR}${AUCTION_MIN_TO_WIN}${AUCTION_IMP_TS}", "12${AUCTION_MIN_TO_WIN}34"),
    ])
    func replacesMacros(_ template: String, _ expected: String) throws {
        var macros = AuctionMacros()
        let isSet = [
            macros.set(.price, Micros(1_250_000)), macros.set(.id, "req\"1".utf8Span),
            macros.set(.adID, "".utf8Span),
            macros.set(.price, encoding: "ENC".utf8Span, "x9_".utf8Span),
            macros.set(.marketBidRatio, "12".utf8Span), macros.set(.impressionTime, "34".utf8Span),
        ]
        #expect(isSet.allSatisfy { $0 })
        #expect(try Self.markup(template, macros) == expected)
        macros.removeAll()
        #expect(try Self.markup(template, macros) == template)
    }

    /// Every macro of the specification, under its own name.
    @Test func knowsTheNames() throws {
        var macros = AuctionMacros()
        for macro in AuctionMacro.allCases {
            let isSet = macros.set(macro, "\(macro)".utf8Span)
            #expect(isSet)
        }
        let names = [
            "ID", "BID_ID", "IMP_ID", "SEAT_ID", "AD_ID", "PRICE", "CURRENCY", "MBR", "LOSS", "MIN_TO_WIN",
            "MULTIPLIER", "IMP_TS", "DISCOUNT_PCT", "DISCOUNT_CPM",
        ]
        let template = names.map { "${AUCTION_\($0)}" }.joined(separator: " ")
        let expected = AuctionMacro.allCases.map { "\($0)" }.joined(separator: " ")
        #expect(try Self.markup(template, macros) == expected)
    }

    @Test func refusesValuesBeyondItsRoom() throws {
        var macros = AuctionMacros()
        let long = String(repeating: "x", count: AuctionMacros.bytes - 10)
        let answers = [
            macros.set(.id, long.utf8Span), macros.set(.bidID, "01234567890".utf8Span),
            macros.set(.price, Micros(1)),
            macros.set(.price, encoding: "E".utf8Span, "0123456789".utf8Span),
        ]
        #expect(answers == [true, false, false, false])
        #expect(try Self.markup("${AUCTION_BID_ID}", macros) == "${AUCTION_BID_ID}")
    }

    /// The markup as it is read back from a bid.
    private static func markup(_ template: String, _ macros: borrowing AuctionMacros) throws -> String {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        var span = buffer.mutableSpan
        var writer = BidResponseWriter(unsafe span.mutableBytes, id: "r".utf8Span)
        writer.beginSeat("s".utf8Span)
        writer.beginBid(id: "1".utf8Span, impid: "1".utf8Span, price: .zero)
        writer.markup(.adm, template.utf8Span, macros)
        writer.endBid()
        writer.endSeat()
        let count = try writer.finish()
        let answer = try object(Array(buffer[..<count]))
        let bids = (answer["seatbid"] as? [NSDictionary])?.first?["bid"] as? [NSDictionary]
        return try #require(bids?.first?["adm"] as? String)
    }
}
