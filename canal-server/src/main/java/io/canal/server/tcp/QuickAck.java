package io.canal.server.tcp;

import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.nio.NioChannelOption;
import jdk.net.ExtendedSocketOptions;

/**
 * Sends TCP's acknowledgements at once. Alibaba Canal's client writes the length of a request and
 * its body apart, with Nagle's algorithm on: the second waits for the acknowledgement of the first,
 * which the kernel would delay by 40 ms. The kernel forgets the option, so it is set again after
 * each read. Must be the first handler; does nothing where the system lacks the option.
 */
@Sharable
final class QuickAck extends ChannelInboundHandlerAdapter {
  private static final ChannelOption<Boolean> QUICK_ACK =
      NioChannelOption.of(ExtendedSocketOptions.TCP_QUICKACK);

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    ctx.channel().config().setOption(QUICK_ACK, true);
    ctx.fireChannelReadComplete();
  }
}
