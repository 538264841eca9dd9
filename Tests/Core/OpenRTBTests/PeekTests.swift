// What is seen of a request without reading it.
import OpenRTB
import Testing

@Suite struct PeekTests {
    @Test(
        arguments: [
            (#"{"tmax":250,"site":{"content":{"livestream":1}}}"#, true, 250),
            (#"{"tmax" : 7 , "app":{"content":{"livestream" :\#n 1}}}"#, true, 7),
            (#"{"site":{"content":{"livestream":0}},"tmax":1234567890123}"#, false, 123_456_789),
            (#"{"livestream"}"#, false, nil), (#"{"tmax":"250","livestream":true}"#, false, nil),
            (#"{"tmax":"#, false, nil), (#""tmax""#, false, nil), ("", false, nil), ("{", false, nil),
            (#"{"x":"livestream","y":[ "livestream","livestream":1"#, false, nil),
        ] as [(String, Bool, Int?)])
    func sees(_ text: String, _ isLive: Bool, _ tmax: Int?) {
        let peek = RequestPeek()
        let bytes = Array(text.utf8)
        #expect(peek.isLive(bytes.span.bytes) == isLive && peek.tmax(bytes.span.bytes) == tmax)
    }

    @Test(
        arguments: [
            (#"{"id":"a-1"}"#, "a-1"), (#"{ "imp" : [{"id":"no"}], "x":"id", "id" : "yes" }"#, "yes"),
            (#"{"y":"\"id\":","id":""}"#, ""), (#"{"y":"{","id":"a"}"#, "a"),
            (#"{"imp":[{"id":"no"}]}"#, nil),
            (#"{"id":1}"#, nil), (#"{"id":"a\"b"}"#, nil), (#"{"id":"ä"}"#, nil), (#"{"id":"a"#, nil),
            (#"{"id"#, nil),
            (#"{"id""#, nil), ("", nil), (#"{"id":"\"#, nil),
        ] as [(String, String?)])
    func seesTheID(_ text: String, _ id: String?) {
        let bytes = Array(text.utf8)
        let place = RequestPeek().id(bytes.span.bytes)
        #expect(place.map { String(decoding: bytes[$0], as: UTF8.self) } == id)
    }

    @Test func findsAKeyWhereverItStands() {
        let peek = RequestPeek()
        for before in 0..<40 {
            let bytes = Array((String(repeating: "\"tma", count: before) + "\"tmax\":9").utf8)
            #expect(peek.tmax(bytes.span.bytes) == 9, "\(before)")
        }
    }
}
