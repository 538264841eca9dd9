// The other peer: Foundation's JSONDecoder, with the types that a careful user would write for the same
// fields.
import Foundation

enum Decoded {
    struct Request: Decodable {
        var id: String
        var tmax: Int
        var at: Int
        var imp: [Imp]
        var site: Site
        var device: Device
        var cur: [String]
        var user: User
        var regs: Regs
        var source: Source
    }
    struct Imp: Decodable {
        var id: String
        var tagid: String
        var bidfloor: Double
        var bidfloorcur: String
        var secure: Int
        var video: Video
    }
    struct Video: Decodable {
        var minduration: Int
        var maxduration: Int
        var w: Int
        var h: Int
        var startdelay: Int
        var linearity: Int
        var protocols: [Int]
    }
    struct Site: Decodable {
        var id: String
        var domain: String
        var page: String
        var cat: [String]
        var publisher: Publisher
    }
    struct Publisher: Decodable { var id: String }
    struct Device: Decodable {
        var ua: String
        var ip: String
        var os: String
        var ifa: String
        var devicetype: Int
        var lmt: Int
        var geo: Geo
    }
    struct Geo: Decodable {
        var lat: Double
        var lon: Double
        var country: String
    }
    struct User: Decodable {
        var id: String
        var buyeruid: String
    }
    struct Regs: Decodable { var coppa: Int }
    struct Source: Decodable { var tid: String }

    /// The same checksum as the walkers'.
    static func sum(_ request: Request) -> Double {
        var sum = weight(request.id) + Double(request.tmax + request.at) + weight(request.source.tid)
        for imp in request.imp {
            sum +=
                weight(imp.id) + weight(imp.tagid) + imp.bidfloor + weight(imp.bidfloorcur)
                + Double(imp.secure)
            let video = imp.video
            sum += Double(video.minduration + video.maxduration + video.w + video.h + video.startdelay)
            sum += Double(video.linearity + video.protocols.reduce(0, +))
        }
        let (site, device) = (request.site, request.device)
        sum += weight(site.id) + weight(site.domain) + weight(site.page) + weight(site.publisher.id)
        for text in site.cat + request.cur { sum += weight(text) }
        for text in [device.ua, device.ip, device.os, device.ifa, device.geo.country] { sum += weight(text) }
        sum += Double(device.devicetype + device.lmt) + device.geo.lat + device.geo.lon
        return sum + weight(request.user.id) + weight(request.user.buyeruid) + Double(request.regs.coppa)
    }

    private static func weight(_ text: String) -> Double {
        guard let first = text.utf8.first, let last = text.utf8.last else { return 0 }
        return Double(text.utf8.count) + Double(first) + Double(last)
    }
}
