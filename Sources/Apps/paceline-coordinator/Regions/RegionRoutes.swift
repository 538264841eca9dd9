// Regions under /api/v1: where each stands, and operators who take one out of service or put it back.
import CatalogWire
import Documents
import Fleet
import HTTP
import Serving

/// Used on the root's thread only.
final class RegionRoutes {
    private let desk: ChangeDesk
    private let regions: FleetRegions
    private unowned let root: Root

    init(_ desk: ChangeDesk, _ regions: FleetRegions, _ root: Root) {
        (self.desk, self.regions, self.root) = (desk, regions, root)
    }

    func list(_ response: inout Response) {
        guard let tree = regions.tree else { return response.notLeader(root) }
        response.json(tree)
    }

    func change(
        _ order: RegionOrder, _ request: borrowing Request, _ caller: Caller, _ response: inout Response
    ) {
        let isDryRun = Query(request)["dryRun"]
        guard isDryRun.map({ $0 == "1" }) ?? true else { return response.malformed("dryRun", "1") }
        let (head, region, isForced): (ChangeHead, String, Bool)
        do throws(Malformed) {
            head = try ChangeHead(request)
            let fields = try Fields(try JSONTree(body: request), at: "")
            region = try fields.text("region")
            isForced = try fields.flag("force")
        } catch {
            return response.problem(.badRequest, "the request is not one", error.members)
        }
        guard root.leads else { return response.notLeader(root) }
        guard let number = regions.number(of: region) else {
            return response.problem(
                .notFound, "no such region in the coordinator's settings",
                [
                    .init("field", "region"),
                    .init(
                        "allowed",
                        .string(regions.names.isEmpty ? "none" : regions.names.joined(separator: ", "))),
                ])
        }
        guard let effects = regions.effects(of: order, on: number) else { return response.notLeader(root) }
        let asked = "region \(order.rawValue) \(region) \(isForced) \(head.condition)\n"
        let change = RegionChange(
            region: region, order: order, isForced: isForced, effects: effects, condition: head.condition,
            // What is not done is not remembered, and its key stays free for the change itself.
            key: isDryRun == nil ? head.key ?? desk.ownKey() : desk.ownKey(),
            digest: BlobDigest(of: Array(asked.utf8)), who: caller.name, note: head.note,
            isDryRun: isDryRun != nil)
        desk.take(change, request.place, &response)
    }
}
