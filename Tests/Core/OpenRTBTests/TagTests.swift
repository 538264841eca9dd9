// Ad tags: what each parameter becomes, what is refused and how, and that any query is either.
import AllocationCounter
import Foundation
import OpenRTB
import Testing
import Units

@Suite struct TagTests {
    private func object(_ query: String) throws -> [String: Any] {
        var tags = TagReader()
        try read(&tags, query)
        let data = tags.request.withUnsafeBytes { Data($0) }
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    private func read(_ tags: inout TagReader, _ query: String) throws(TagError) {
        let bytes = Array(query.utf8)
        try tags.read(bytes.span.bytes, number: 0x0123_4567_89AB_CDEF)
    }

    /// The value at a path as in `imp.0.video.w`.
    private func value(_ object: Any, _ path: String) -> Any? {
        path.split(separator: ".").reduce(object as Any?) { found, step in
            if let list = found as? [Any] {
                return Int(step).flatMap { list.indices.contains($0) ? list[$0] : nil }
            }
            return (found as? [String: Any])?[String(step)]
        }
    }

    @Test(arguments: [
        ("w=1920", "imp.0.video.w", "1920"), ("h=7", "imp.0.video.h", "7"),
        ("mimes=video/webm,video/mp4", "imp.0.video.mimes", "[video/webm, video/mp4]"),
        ("", "imp.0.video.mimes.0", "video/mp4"), ("", "imp.0.video.protocols", "[13, 14]"),
        ("vast=3", "imp.0.video.protocols", "[3, 6]"), ("vast=4", "imp.0.video.protocols", "[13, 14]"),
        ("dur=15,30", "imp.0.video.rqddurs", "[15, 30]"), ("mindur=5", "imp.0.video.minduration", "5"),
        ("pod=90&ads=6", "imp.0.video.poddur", "90"), ("pod=90&ads=6", "imp.0.video.maxseq", "6"),
        ("pod=90", "imp.0.video.podid", "1"), ("start=-1", "imp.0.video.startdelay", "-1"),
        ("skip=1", "imp.0.video.skip", "1"), ("minkbps=800", "imp.0.video.minbitrate", "800"),
        ("secure=1", "imp.0.secure", "1"), ("floor=12.5&cur=EUR", "imp.0.bidfloor", "12.5"),
        ("floor=1&cur=EUR", "imp.0.bidfloorcur", "EUR"), ("cur=EUR", "cur", "[EUR]"),
        ("deal=a,b", "imp.0.pmp.deals.1.id", "b"), ("pub=p&app=a", "app.publisher.id", "p"),
        ("site=s&page=https%3A%2F%2Fa.example%2F%3Fb%3Dc", "site.page", "https://a.example/?b=c"),
        ("app=a&bundle=b", "app.bundle", "b"), ("kv=a=1,b=2", "app.kwarray", "[a=1, b=2]"),
        ("title=The+Long%20Thaw", "app.content.title", "The Long Thaw"),
        ("live=1", "app.content.livestream", "1"),
        ("network=Stream%C3%A9", "app.content.network.name", "Streamé"),
        ("devicetype=3&os=Roku", "device.devicetype", "3"), ("lmt=1", "device.lmt", "1"),
        ("country=USA&lat=40.75061234&lon=-73.9972", "device.geo.lat", "40.750612"),
        ("lon=-73.9972", "device.geo.lon", "-73.9972"), ("utcoffset=-300", "device.geo.utcoffset", "-300"),
        ("uid=v&segments=s1,s2", "user.data.0.segment.1.id", "s2"), ("gdpr=1", "regs.gdpr", "1"),
        ("gdpr_consent=CPabc", "user.consent", "CPabc"), ("us_privacy=1YYN", "regs.us_privacy", "1YYN"),
        ("gpp=DB&gpp_sid=7,8", "regs.gpp_sid", "[7, 8]"), ("id=mine", "id", "mine"),
        ("cb=123&&", "id", "0123456789abcdef"), ("tmax=200", "tmax", "200"), ("", "at", "2"),
        ("title=\"\\%22%5C", "app.content.title", "\"\\\"\\"),
    ])
    func becomesAField(_ query: String, _ path: String, _ expected: String) throws {
        let found = try #require(value(try object(query), path), "\(query): nothing at \(path)")
        let text = (found as? [Any]).map { "[\($0.map { "\($0)" }.joined(separator: ", "))]" } ?? "\(found)"
        #expect(text == expected)
    }

    @Test(arguments: [
        ("lmt=[LIMITADTRACKING]", "device.lmt", "1"), ("gdpr=%%GDPR%%", "regs.gdpr", "1"),
        ("ifa=%%CACHE%%", "device.ifa", nil), ("dnt=%%DADA%%", "device.dnt", "1"),
        ("coppa=${COPPA}", "regs.coppa", "1"), ("dnt=", "device.dnt", nil), ("ifa=[IFA]", "device.ifa", nil),
        ("ip={{ip}}", "device.ip", nil), ("tmax=[TMAX]", "tmax", nil), ("w=", "imp.0.video.w", nil),
        ("title=%25%25A%25%25", "app.content.title", nil),
    ])
    func macrosThatNobodyFilledIn(_ query: String, _ path: String, _ expected: String?) throws {
        #expect(value(try object(query), path).map { "\($0)" } == expected)
    }

    @Test(arguments: [
        ("width=1920", "", "the parameter \"width\"", "w, h, mimes"), ("w", "w", nil, nil),
        ("w=1&w=2", "w", "it twice", "each parameter once"), ("w=wide", "w", "\"wide\"", "a whole number"),
        ("w=1.5", "w", "\"1.5\"", "a whole number"), ("w=1e3", "w", "\"1e3\"", "a whole number"),
        ("w=1234567890", "w", "\"1234567890\"", "at most nine digits"), ("live=2", "live", "\"2\"", "0 or 1"),
        ("dur=15,,30", "dur", "\"15,,30\"", "whole numbers"),
        ("floor=1.2345678", "floor", "\"1.2345678\"", "six decimals"),
        ("vast=2", "vast", "\"2\"", "3 or 4"), ("title=%4", "title", "a % without two", "percent-encoded"),
        ("title=%zz", "title", "a % without two", "percent-encoded"),
        ("title=%ff", "title", "not UTF-8", "UTF-8"),
        ("title=a%00b", "title", "a control character", "a text"),
        ("kv=section", "kv", "\"section\"", "key=value"), ("kv=a=1,b", "kv", "\"a=1,b\"", "key=value"),
        ("kv==1", "kv", "\"=1\"", "key=value"), ("kv=a=", "kv", nil, nil),
        ("app=a&site=s", "site", "an app and a site", "either app"),
    ])
    func isRefused(_ query: String, _ parameter: String, _ found: String?, _ allowed: String?) {
        var tags = TagReader()
        do throws(TagError) {
            try read(&tags, query)
            #expect(found == nil, "\(query) is accepted")
        } catch {
            #expect(error.parameter == parameter && error.found.contains(found ?? "?"), "\(error)")
            #expect(error.allowed.contains(allowed ?? "?"), "\(error)")
        }
    }

    @Test func aLongQueryIsRefused() {
        var tags = TagReader()
        #expect(throws: TagError.self) { try read(&tags, "title=" + String(repeating: "a", count: 8_200)) }
        // The largest one, with each byte as long as JSON makes it.
        #expect(throws: Never.self) { try read(&tags, "title=" + String(repeating: "\"", count: 8_186)) }
    }

    /// What the reader of requests refuses is said of the parameter that it came from.
    @Test(arguments: [
        ("pod=90000", "pod"), ("dur=15&mindur=5", ""), ("cur=euro", "cur"), ("utcoffset=9999", "utcoffset"),
        ("lat=91", "lat"), ("ads=0&pod=60", "ads"), ("site=s&len=-1", "len"), ("dur=15,0", "dur"),
        ("deal=,a", "deal"), ("ip=1.2.3", "ip"), ("ipv6=fe80", "ipv6"), ("plcmt=10", "plcmt"),
    ])
    func whatTheRequestMayNotSayIsSaidOfTheTag(_ query: String, _ parameter: String) throws {
        var tags = TagReader()
        var reader = BidRequestReader()
        try read(&tags, query)
        do throws(OpenRTBError) {
            _ = try reader.read(tags.request)
            Issue.record("\(query) is accepted")
        } catch { #expect(tags.refusal(error).parameter == parameter, "\(query): \(error)") }
    }

    @Test(arguments: 0..<20)
    func anyQueryIsARequestOrRefused(_ round: UInt64) throws {
        let seed = 7_000 + round
        var randomness = Randomness(seed: seed)
        var tags = TagReader()
        var reader = BidRequestReader()
        let names = TagParameter.allCases.map(\.name)
        let pieces = [
            "1", "0", "-1", "15,30", "a", "%20", "%", "%%", "[X]", "+", "é", "\"", "\\", ",", "=", "3", "4",
            ".5", "USD",
            "999999999", "%F0%9F%98%80", "%ED%A0%80", "{", "}", "$",
        ]
        var accepted = 0
        for _ in 0..<500 {
            let query = (0..<randomness.next(in: 0...8)).map { _ in
                let name = names[randomness.next(in: 0...names.count - 1)]
                let value = (0..<randomness.next(in: 0...3)).map { _ in
                    pieces[randomness.next(in: 0...pieces.count - 1)]
                }
                return "\(name)=\(value.joined())"
            }.joined(separator: "&")
            do throws(TagError) { try read(&tags, query) } catch { continue }
            do throws(OpenRTBError) {
                _ = try reader.read(tags.request)
                accepted += 1
            } catch {
                // Every refusal is of a value, never of what the tag made of it.
                let isJSON =
                    (try? JSONSerialization.jsonObject(with: tags.request.withUnsafeBytes { Data($0) }))
                    != nil
                #expect(isJSON, "seed \(seed): \(query): \(error)")
            }
        }
        #expect(accepted > 5, "seed \(seed)")
    }

    @Test(.enabled(if: allocations_are_counted() == 1, "a sanitizer brings its own malloc"))
    func readsWithoutAllocating() throws {
        var tags = TagReader()
        let query = Array(
            "pub=streamfront&app=streamfront-roku&w=1920&h=1080&pod=90&ads=6&dur=15,30&floor=12.5&cur=USD&deal=a,b&kv=a=1&title=The+Thaw&lat=40.7&country=USA&gpp_sid=7"
                .utf8)
        var counted: UInt64 = 1
        for _ in 0..<3 {
            let before = allocations_of_thread()
            for number in 0..<10 { try tags.read(query.span.bytes, number: UInt64(number)) }
            counted = allocations_of_thread() - before
        }
        #expect(counted == 0)
    }
}
