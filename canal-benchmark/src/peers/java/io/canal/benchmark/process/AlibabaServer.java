package io.canal.benchmark.process;

import com.alibaba.otter.canal.instance.manager.CanalInstanceWithManager;
import com.alibaba.otter.canal.instance.manager.model.Canal;
import com.alibaba.otter.canal.instance.manager.model.CanalParameter;
import com.alibaba.otter.canal.instance.manager.model.CanalParameter.DataSourcing;
import com.alibaba.otter.canal.instance.manager.model.CanalParameter.HAMode;
import com.alibaba.otter.canal.instance.manager.model.CanalParameter.IndexMode;
import com.alibaba.otter.canal.instance.manager.model.CanalParameter.MetaMode;
import com.alibaba.otter.canal.instance.manager.model.CanalParameter.SourcingType;
import com.alibaba.otter.canal.instance.manager.model.CanalParameter.StorageMode;
import com.alibaba.otter.canal.server.embedded.CanalServerWithEmbedded;
import com.alibaba.otter.canal.server.netty.CanalServerWithNetty;
import java.net.InetSocketAddress;
import java.util.List;

/**
 * Alibaba Canal's server as its deployer sets it up (memory store of 16 MiB, raw entries), but for
 * {@code parser.parallel=false}, which is faster here. A new instance for each pass.
 */
public final class AlibabaServer implements Server {
  private static final String FILTER = Segment.SCHEMA + "\\..*";

  private final CanalServerWithEmbedded server = CanalServerWithEmbedded.instance();
  private Segment segment;

  @Override
  public AutoCloseable serve(Segment next) {
    segment = next;
    if (!server.isStart()) {
      server.setCanalInstanceGenerator(
          destination -> new CanalInstanceWithManager(instance(destination), FILTER));
      server.start();
      CanalServerWithNetty tcp = CanalServerWithNetty.instance();
      tcp.setEmbeddedServer(server);
      tcp.setIp(Segment.HOST);
      tcp.setPort(Setting.PORT.number(0));
      tcp.start();
    }
    server.start(CanalServerHost.DESTINATION);
    return () -> server.stop(CanalServerHost.DESTINATION);
  }

  private Canal instance(String destination) {
    CanalParameter parameter = new CanalParameter();
    parameter.setMetaMode(MetaMode.MEMORY);
    parameter.setIndexMode(IndexMode.MEMORY);
    parameter.setHaMode(HAMode.HEARTBEAT);
    parameter.setStorageMode(StorageMode.MEMORY);
    parameter.setMemoryStorageBufferSize(16 * 1024);
    parameter.setMemoryStorageBufferMemUnit(1024);
    parameter.setMemoryStorageRawEntry(true);
    parameter.setTransactionSize(1024);
    parameter.setParallel(false);
    parameter.setDetectingEnable(false);
    parameter.setTsdbEnable(false);
    parameter.setConnectionCharset("UTF-8");
    parameter.setSourcingType(SourcingType.MYSQL);
    parameter.setSlaveId(0x50000000L + ProcessHandle.current().pid());
    parameter.setDbUsername(Segment.USER);
    parameter.setDbPassword(Segment.PASSWORD);
    parameter.setDefaultDatabaseName(Segment.SCHEMA);
    parameter.setGroupDbAddresses(
        List.of(
            List.of(
                new DataSourcing(
                    SourcingType.MYSQL,
                    new InetSocketAddress(Segment.HOST, segment.mysqlPort())))));
    parameter.setPositions(
        List.of(
            "{\"journalName\":\"%s\",\"position\":%d}"
                .formatted(segment.file(), segment.offset())));
    Canal canal = new Canal();
    canal.setId(1L);
    canal.setName(destination);
    canal.setCanalParameter(parameter);
    return canal;
  }
}
